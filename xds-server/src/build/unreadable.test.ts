import { expect, test } from 'vitest'
import type { TenantModel } from '../model/model.ts'
import { buildTenant } from './build-tenant.ts'
import { aPolicy, aTool, aToolSet, anInput, settings } from './testing/fixtures.ts'
import type { InvalidObject, TenantInput } from './input.ts'

const problem = 'spec.colour: unknown'
const young = { created: '2026-01-02T00:00:00Z' }
const everything = aTool('everything', { http: { pathPrefix: '/' } })
const open = aToolSet('open', ['everything'], { access: 'Public' }, young)
const secret = aToolSet('secret', ['pets'])
const pets = aTool('pets')

function build(invalid: InvalidObject, fields: Partial<TenantInput> = {}): TenantModel {
  const input = anInput({ tools: [everything, pets], toolSets: [open], invalid: [invalid], ...fields })
  const { findings, model } = buildTenant(input, settings)
  const found = findings.find(({ ref }) => ref.uid === invalid.metadata.uid)
  expect(found?.problems).toEqual([{ reason: 'InvalidSpec', field: 'spec', message: problem }])
  return model
}

const outcomes = ({ routes }: TenantModel): readonly string[] =>
  routes.map(({ tool, action }) => `${tool.name} ${action.kind}`)

test('a tool that cannot be read refuses on its path', () => {
  const invalid: InvalidObject = { kind: 'Tool', metadata: pets.metadata, problem, http: pets.spec.http }
  const model = build(invalid, { tools: [everything], toolSets: [open, secret] })
  expect(outcomes(model)).toEqual(['everything forward', 'pets refuse'])
})

test('a tool whose path cannot be read refuses the whole tenant, once it is published', () => {
  const invalid: InvalidObject = { kind: 'Tool', metadata: pets.metadata, problem }
  expect(outcomes(build(invalid, { tools: [everything] }))).toEqual(['everything forward'])
  expect(outcomes(build(invalid, { tools: [everything], toolSets: [open, secret] }))).toEqual(['everything refuse'])
})

test('a tool set that cannot be read refuses where it publishes, and nothing falls through to a broader route', () => {
  const model = build({ kind: 'ToolSet', metadata: secret.metadata, problem, published: secret.spec })
  expect(outcomes(model)).toEqual(['everything forward', 'pets refuse'])
})

test('a tool set of which not even that can be read refuses the whole tenant', () => {
  expect(outcomes(build({ kind: 'ToolSet', metadata: secret.metadata, problem }))).toEqual(['everything refuse'])
})

test('an access policy that cannot be read denies its target, whatever others allow', () => {
  const allows = aPolicy('allows', { kind: 'ToolSet', name: 'open' }, [{}])
  const metadata = aPolicy('bad', allows.spec.targetRef, []).metadata
  const invalid: InvalidObject = { kind: 'AccessPolicy', metadata, problem, target: allows.spec.targetRef }
  const { policies } = build(invalid, { toolSets: [open, secret], accessPolicies: [allows] })
  expect(policies).toMatchObject([{ targetUid: 'uid-open', isBroken: true }])
})

test('an access policy whose target cannot be read denies all that the tenant publishes', () => {
  const metadata = aPolicy('bad', { kind: 'Tool', name: 'pets' }, []).metadata
  const { policies } = build({ kind: 'AccessPolicy', metadata, problem }, { toolSets: [open, secret] })
  expect(policies.map(({ targetUid, isBroken }) => [targetUid, isBroken])).toEqual([
    ['uid-open', true],
    ['uid-secret', true],
  ])
})
