import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { assembleTenant, foreignReferences } from '../assemble/assemble.ts'
import { lintResources } from '../lint/lint.ts'
import type { TenantModel } from '../model/model.ts'
import { anyTenant } from './testing/arbitrary.ts'
import { settings, tenant } from './testing/models.ts'
import { translateTenant } from './translate.ts'

// Many runs on a busy machine; what is tested is not how long they take.
vi.setConfig({ testTimeout: 60_000 })

const versions = (model: TenantModel): readonly string[] =>
  assembleTenant(translateTenant(model, settings)).resources.map(({ name, version }) => `${name} ${version}`)

test('whatever a tenant writes, its resources break no rule', () => {
  fc.assert(
    fc.property(anyTenant('acme'), (model) => {
      expect(lintResources(assembleTenant(translateTenant(model, settings)).resources)).toEqual([])
    }),
    { numRuns: 50 },
  )
})

test('S-076 the same objects in any order give the same bytes', () => {
  const shuffled = anyTenant('acme').chain((model) =>
    fc.tuple(
      fc.constant(model),
      fc.shuffledSubarray([...model.routes], { minLength: model.routes.length }),
      fc.shuffledSubarray([...model.hosts], { minLength: model.hosts.length }),
    ),
  )
  fc.assert(
    fc.property(shuffled, ([model, routes, hosts]) => {
      // Two tools of one name in one tool set cannot be: their order could not be told.
      const keys = model.routes.map(({ toolSet, tool }) => `${toolSet.uid} ${tool.uid}`)
      fc.pre(new Set(keys).size === keys.length)
      expect(versions({ ...model, routes, hosts })).toEqual(versions(model))
    }),
    { numRuns: 50 },
  )
})

test("nothing of one tenant is named in another's resources, whatever both write", () => {
  fc.assert(
    fc.property(anyTenant('acme'), anyTenant('globex'), (acme, globex) => {
      const bytes = assembleTenant(translateTenant(acme, settings)).resources.map((each) =>
        Buffer.from(each.bytes).toString('latin1'),
      )
      expect(bytes.filter((text) => text.includes(globex.id))).toEqual([])
      expect(foreignReferences(translateTenant(acme, settings))).toEqual([])
    }),
    { numRuns: 50 },
  )
})

test('S-077 every path that a broken tool had is still there, and refuses', () => {
  fc.assert(
    fc.property(anyTenant('acme'), (model) => {
      const problem = { reason: 'ToolNotFound', field: 'spec', message: 'gone' } as const
      const working = { ...model, isSuspended: false }
      const gone = {
        ...working,
        routes: working.routes.map((each) => ({ ...each, action: { kind: 'refuse', problem } as const })),
      }
      const paths = (of: TenantModel) =>
        translateTenant(of, settings).routes?.virtualHosts?.[0]?.routes?.map(({ match }) => JSON.stringify(match))
      expect(paths(gone)).toEqual(paths(working))
      expect(translateTenant(gone, settings).clusters).toEqual([])
    }),
    { numRuns: 50 },
  )
})

test('a tenant without a host has no resources at all', () => {
  expect(assembleTenant(translateTenant(tenant('acme', { hosts: [] }), settings))).toMatchObject({
    resources: [],
  })
})
