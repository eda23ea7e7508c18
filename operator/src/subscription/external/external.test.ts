import { parserOf, plan as planSchema, toolSet as toolSetSchema } from '@bulkhead/crds'
import { expect, test } from 'vitest'
import { now, parsed, sampleSubscription, sampleTenant } from '../../testing/samples.ts'
import { wantSubscription } from '../wanted.ts'
import { isClientTaken, rivalsOf } from './rivals.ts'
import { externalStatus } from './status.ts'
import { externalSecret, wantExternalSubscription } from './wanted.ts'

const metadata = { uid: 'x', resourceVersion: '1', generation: 1, creationTimestamp: now, namespace: 'tenant-acme' }
const issuer = 'https://idp.acme.example'
const external = { issuer, audiences: ['orders'], jwksURI: `${issuer}/keys` }
const tenantWith = (status: object) => sampleTenant({ spec: { identity: { type: 'External', external } }, status })
const around = {
  tenant: tenantWith({ namespace: 'tenant-acme', identity: { issuer } }),
  toolSet: parsed(
    parserOf(toolSetSchema)({
      metadata: { ...metadata, name: 'orders' },
      spec: { hostname: 'API.acme.example', basePath: '/v1', tools: ['list'] },
    }),
  ),
  plan: parsed(parserOf(planSchema)({ metadata: { ...metadata, name: 'gold' }, spec: {} })),
  nowMs: Date.parse(now),
  isClientTaken: false,
}
const naming = (clientID?: string) => ({ credentials: { secretName: 'app-credentials', clientID } })
const want = (clientID?: string, changes: object = {}) =>
  wantExternalSubscription(sampleSubscription({ spec: naming(clientID) }), { ...around, ...changes })

const reasonsOf = (wanted: ReturnType<typeof want>, secret: 'absent' | 'foreign' | 'as-wanted' = 'as-wanted') => {
  const status = externalStatus({ subscription: sampleSubscription(), wanted, secret: { kind: secret }, now })
  const conditions = (status.conditions ?? []).map((one) => [one.type, `${one.status}/${one.reason ?? ''}`])
  return Object.fromEntries(conditions) as Record<string, string>
}

test('the application gets the client that it named and where to call, and no secret', () => {
  const wanted = want('portal')
  const data = wanted && (externalSecret(wanted)['data'] as Record<string, string>)
  const texts = Object.entries(data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()])
  expect(Object.fromEntries(texts)).toEqual({
    ...{ 'client-id': 'portal', issuer, 'base-url': 'https://api.acme.example/v1' },
  })
  expect(reasonsOf(wanted)).toEqual({
    ...{ Accepted: 'True/Accepted', CredentialsReady: 'True/CredentialsReady', Ready: 'False/NotProgrammed' },
    Reconciling: 'True/Progressing',
  })
})

test.each([
  ['no client is named', want(), 'InvalidSpec'],
  ['an older subscription has the client', want('portal', { isClientTaken: true }), 'Conflict'],
  ['there is no such tool set', want('portal', { toolSet: undefined }), 'ToolSetNotFound'],
])('%s: it is refused, and a person must act', (_title, wanted, reason) => {
  expect(reasonsOf(wanted, 'absent')).toMatchObject({ Accepted: `False/${reason}`, Stalled: `True/${reason}` })
})

test("somebody else's Secret is left alone", () => {
  expect(reasonsOf(want('portal'), 'foreign')).toMatchObject({ CredentialsReady: 'False/NameTaken' })
})

test.each([
  ['before its issuer is granted', tenantWith({ namespace: 'tenant-acme' })],
  ['in a namespace that is not the tenant’s own', tenantWith({ identity: { issuer } })],
])('nothing is wanted %s', (_title, tenant) => {
  const wanted = want('portal', { tenant })
  expect(wanted).toBeUndefined()
  expect(reasonsOf(wanted)).toMatchObject({ Accepted: 'False/Waiting', Reconciling: 'True/Progressing' })
})

test("a client cannot be named in a realm: it would be another subscription's", () => {
  const tenant = sampleTenant({ status: { namespace: 'tenant-acme', identity: { issuer } } })
  const wanted = wantSubscription(sampleSubscription({ spec: naming('sub-other') }), { ...around, tenant })
  expect(wanted).toMatchObject({ isEnabled: false, verdict: { problem: { field: 'spec.credentials.clientID' } } })
})

test('the oldest one that names a client has it, until it goes', () => {
  const one = (name: string, creationTimestamp: string, more: object = {}) =>
    sampleSubscription({ metadata: { name, uid: name, creationTimestamp, ...more }, spec: naming('portal') })
  const [older, younger] = [one('older', '2026-01-01T00:00:00Z'), one('younger', '2026-01-02T00:00:00Z')]
  const twin = one('a-twin', '2026-01-01T00:00:00Z')
  const other = sampleSubscription({ metadata: { uid: 'other' }, spec: naming('shop') })
  expect(rivalsOf([older, younger, other], older)).toEqual([younger])
  expect([older, younger].map((each) => isClientTaken([older, younger, other], each))).toEqual([false, true])
  expect([older, twin].map((each) => isClientTaken([older, twin], each))).toEqual([true, false])
  const going = one('older', '2026-01-01T00:00:00Z', { deletionTimestamp: now })
  expect(isClientTaken([going, younger], younger)).toBe(false)
})
