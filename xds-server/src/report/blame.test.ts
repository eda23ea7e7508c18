import { clusterName, routeName, routesName, tenantId } from '@bulkhead/tenancy'
import { expect, test } from 'vitest'
import { buildTenant } from '../build/build-tenant.ts'
import { aTool, aToolSet, acmeId, anInput, settings } from '../build/testing/fixtures.ts'
import { blameFor } from './blame.ts'

const { model } = buildTenant(
  anInput({
    tools: [aTool('a'), aTool('b', { circuitBreaker: { maxConnections: 1, maxRequests: 1 } })],
    toolSets: [aToolSet('api', ['a']), aToolSet('other', ['b'])],
  }),
  settings,
)
const route = routeName(acmeId, 'uid-api', 'uid-a')
const [, second] = model.routes
const digest = second?.action.kind === 'forward' ? second.action.backend.digest : ''

test.each([
  ['a route is named', `Invalid path in route ${route}`, ['uid-api', 'uid-a']],
  ['a cluster is named', `cluster ${clusterName(acmeId, digest)}: no such thing`, ['uid-b']],
  [
    'nothing is named',
    'Proto constraint validation failed (Foo.Bar: value is bad)',
    [model.ref.uid, 'uid-api', 'uid-other'],
  ],
])('when %s, its objects are to blame', (_title, message, uids) => {
  const blame = blameFor([{ message, resourceNames: [routesName(acmeId)] }], model)
  expect([...(blame?.uids ?? [])].sort()).toEqual([...uids].sort())
  expect(blame?.message).toBe(`Envoy refused the configuration: ${message}`)
})

test('the cluster that was refused is to blame although the words do not name it', () => {
  const blame = blameFor([{ message: 'bad', resourceNames: [clusterName(acmeId, digest)] }], model)
  expect([...(blame?.uids ?? [])]).toEqual(['uid-b'])
})

test('no refusal, no blame', () => expect(blameFor([], model)).toBeUndefined())

test.each([
  ["another tenant's id", `route ${tenantId('other')}/route/x is bad`],
  ["another tenant's host", 'duplicate scope key for globex.gw.test'],
])('S-187 words that hold %s are not shown', (_title, message) => {
  expect(blameFor([{ message, resourceNames: [] }], model)?.message).toBe('Envoy refused the configuration')
})

test.each([
  'scope acme.gw.test is bad',
  'envoy.config.route.v3.Route is bad',
  'Host backend.example: bad',
  'version 1.40.0',
  'goo.gle/debugproto connect_timeout { } : Proto constraint validation failed',
])("Envoy's words about this tenant are shown: %s", (message) => {
  expect(blameFor([{ message, resourceNames: [] }], model)?.message).toContain(message)
})

test('control characters and length are bounded', () => {
  const message = blameFor([{ message: `a\u0000\n${'b'.repeat(5000)}`, resourceNames: [] }], model)?.message ?? ''
  expect(message.length).toBeLessThan(1000)
  expect(message).toContain('a b')
})

test('of long words the end is shown, where the reason stands', () => {
  const message = `cluster { ${'b'.repeat(5000)} }: value must be greater than 0s`
  expect(blameFor([{ message, resourceNames: [] }], model)?.message).toMatch(/: cluster \{ b.* … .*greater than 0s$/)
})
