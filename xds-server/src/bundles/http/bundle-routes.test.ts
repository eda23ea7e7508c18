import { TestClock } from '@bulkhead/runtime/testing'
import type { HttpAnswer, HttpRequest } from '@bulkhead/runtime'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { bundleRoutes } from './bundle-routes.ts'
import { BundleSource } from '../content/bundle-source.ts'
import { BundleStore } from '../content/bundle-store.ts'
import { Instances } from './instances.ts'
import type { OpaInstance } from './instances.ts'
import { sampleTenant } from '../testing/sample.ts'

const opa = 'spiffe://bulkhead/fleet/shared/opa'
const patient = 'modes=snapshot,delta;wait=30'
const ours = 'Open Policy Agent/1.15.2-bulkhead (linux, amd64)'

function world() {
  const clock = new TestClock()
  const policy = 'package bulkhead.authz'
  const pool = { requests_per_unit: 1000, unit: 'SECOND' } as const
  const store = new BundleStore({ policy, pool, incarnation: 'one', maxPatches: 10, maxPatchCharacters: 1e6 })
  const source = new BundleSource(store, policy)
  const instances = new Instances({ pollGraceMs: 5_000, reportGraceMs: 45_000, maxInstances: 10 })
  const reports: OpaInstance[] = []
  const onNews = (instance: OpaInstance): void => void reports.push(instance)
  const routes = bundleRoutes({ fleet: 'shared', source, instances, clock, onNews })
  const ask = async (method: string, path: string, edit: Partial<HttpRequest> = {}): Promise<HttpAnswer> => {
    const route = routes.find((one) => one.method === method && one.path === path)
    if (route === undefined) throw new Error(`no route for ${path}`)
    const { signal } = new AbortController()
    const query = new URLSearchParams()
    return route.handle({ method, path, query, headers: {}, body: Buffer.of(), peerUris: [opa], signal, ...edit })
  }
  const poll = (headers: Record<string, string>, edit: Partial<HttpRequest> = {}): Promise<HttpAnswer> =>
    ask('GET', '/bundles/shared.tar.gz', { headers: { prefer: patient, 'user-agent': ours, ...headers }, ...edit })
  const publish = (suspended: boolean): string => {
    const revision = store.apply([{ kind: 'upsertTenant', id: 'acme', tenant: sampleTenant('acme', { suspended }) }])
    source.wake()
    return revision
  }
  return { clock, source, instances, reports, ask, poll, publish }
}

function textOf(answer: HttpAnswer): string {
  return gunzipSync(Buffer.from(answer.body ?? '')).toString('utf8')
}

test('who holds nothing gets everything, policy included', async () => {
  const { source, poll, publish } = world()
  const revision = publish(false)
  source.open()
  const answer = await poll({})
  expect(answer.status).toBe(200)
  expect(answer.headers).toMatchObject({
    'content-type': 'application/vnd.openpolicyagent.bundles',
    etag: `"${revision}"`,
  })
  const text = textOf(answer)
  expect(text).toContain(`{"revision":"${revision}","roots":["bulkhead"],"rego_version":1}`)
  expect(text).toContain('package bulkhead.authz')
  expect(text).toContain('"namespace":"tenant-acme"')
})

test('who holds the latest waits, and gets the next change alone as soon as it is there', async () => {
  const { source, poll, publish } = world()
  const first = publish(false)
  source.open()
  const waiting = poll({ 'if-none-match': `"${first}"` })
  const second = publish(true)
  const answer = await waiting
  expect(answer.headers).toMatchObject({ etag: `"${second}"` })
  const text = textOf(answer)
  expect(text).toContain('"op":"upsert","path":"/bulkhead/tenants/acme"')
  expect(text).not.toContain('package bulkhead.authz')
})

test('who waits in vain is told so when its time is up', async () => {
  const { clock, source, poll, publish } = world()
  const revision = publish(false)
  source.open()
  const waiting = poll({ 'if-none-match': `"${revision}"` })
  await clock.advance(29_999)
  expect(clock.sleeping).toBe(1)
  await clock.advance(1)
  expect((await waiting).status).toBe(304)
  expect(clock.sleeping).toBe(0)
})

test('several changes behind are one delta', async () => {
  const { source, poll, publish } = world()
  const first = publish(false)
  source.open()
  publish(true)
  const third = publish(false)
  publish(true)
  const answer = await poll({ 'if-none-match': `"${first}"` })
  expect(textOf(answer).match(/"op":/g)).toHaveLength(1)
  expect(answer.headers?.['etag']).not.toBe(`"${third}"`)
})

test.each([
  ['of a revision that is not known', { 'if-none-match': `"one-1-${'0'.repeat(32)}"` }],
  ['that takes no deltas', { prefer: 'modes=snapshot' }],
  ['that would end by a delta', { 'user-agent': 'Open Policy Agent/1.15.2 (linux, amd64)' }],
  ['of a revision that we never wrote', { 'if-none-match': '"latest"' }],
])('a client %s gets everything', async (_title, headers) => {
  const { source, poll, publish } = world()
  const first = publish(false)
  source.open()
  publish(true)
  const answer = await poll({ 'if-none-match': `"${first}"`, ...headers })
  expect(textOf(answer)).toContain('package bulkhead.authz')
})

test('a replica with the same content has no news for who comes from another one', async () => {
  const { clock, source, poll, publish } = world()
  const digest = publish(false).split('-')[2] ?? ''
  source.open()
  const waiting = poll({ 'if-none-match': `"two-77-${digest}"` })
  await clock.advance(30_000)
  expect((await waiting).status).toBe(304)
})

test('before the first complete data nobody gets a bundle; who waits gets it then', async () => {
  const { clock, source, poll, publish } = world()
  publish(false)
  const early = poll({})
  await clock.advance(30_000)
  expect((await early).status).toBe(503)
  const waiting = poll({})
  source.open()
  expect((await waiting).status).toBe(200)
})

test('who does not wait is answered at once', async () => {
  const { source, poll, publish } = world()
  const revision = publish(false)
  source.open()
  const waiting = poll({ 'if-none-match': `"${revision}"`, prefer: 'modes=snapshot,delta' })
  expect((await waiting).status).toBe(304)
})

test('a wait ends when the client goes or the server closes, and leaves nothing behind', async () => {
  const { clock, source, poll, publish } = world()
  const revision = publish(false)
  source.open()
  const gone = new AbortController()
  const waiting = poll({ 'if-none-match': `"${revision}"` }, { signal: gone.signal })
  gone.abort()
  expect((await waiting).status).toBe(503)
  expect(clock.sleeping).toBe(0)
})

test.each([
  ['of another fleet', ['spiffe://bulkhead/fleet/other/opa']],
  ['of an Envoy', ['spiffe://bulkhead/fleet/shared/envoy']],
  ['with two identities', [opa, 'spiffe://bulkhead/fleet/other/opa']],
  ['without an identity', []],
  ['of another trust domain', ['spiffe://bulkhead.example/fleet/shared/opa']],
])('S-140 a client certificate %s gets nothing and reports nothing', async (_title, peerUris) => {
  const { source, ask, poll, publish, reports } = world()
  publish(false)
  source.open()
  expect((await poll({}, { peerUris })).status).toBe(403)
  const body = Buffer.from('{"labels":{"id":"opa-0"}}')
  expect((await ask('POST', '/status', { peerUris, body })).status).toBe(403)
  expect(reports).toEqual([])
})

test('F-43 an OPA that failed at a change gets everything, and deltas again once it is well', async () => {
  const { source, ask, poll, publish } = world()
  const first = publish(false)
  source.open()
  publish(true)
  const report = (code: string): Buffer =>
    Buffer.from(JSON.stringify({ bundles: { bulkhead: { active_revision: first, code, message: 'bad patch' } } }))
  const headers = { 'if-none-match': `"${first}"`, 'x-opa-instance': 'opa-0' }
  await ask('POST', '/status', { body: report('bundle_error'), headers })
  expect(textOf(await poll(headers))).toContain('package bulkhead.authz')
  await ask('POST', '/status', { body: report(''), headers })
  expect(textOf(await poll(headers))).toContain('"op":')
})

test('a status post says who holds what, and why not more', async () => {
  const { ask, reports } = world()
  const report = (bundle: unknown): Buffer =>
    Buffer.from(JSON.stringify({ labels: { id: 'f3d1', instance: 'opa-0' }, bundles: { bulkhead: bundle } }))
  const active = { active_revision: 'one-1-a', errors: null }
  expect((await ask('POST', '/status/', { body: report(active) })).status).toBe(204)
  await ask('POST', '/status', { body: report({ ...active, code: 'bundle_error', message: 'bad patch operation' }) })
  await ask('POST', '/status', { body: report({}), headers: { 'x-opa-instance': 'opa-1' } })
  expect(reports).toEqual([
    { id: 'opa-0', revision: 'one-1-a', problem: undefined },
    { id: 'opa-0', revision: 'one-1-a', problem: 'bad patch operation' },
    { id: 'opa-1', revision: undefined, problem: undefined },
  ])
})

test.each([
  ['no JSON', '{'],
  ['no object', '[]'],
  ['nobody', '{}'],
  ['a revision of another type', '{"labels":{"id":"a"},"bundles":{"b":{"active_revision":5}}}'],
])('a status post of %s is refused and changes nothing', async (_title, body) => {
  const { ask, reports } = world()
  expect((await ask('POST', '/status', { body: Buffer.from(body) })).status).toBe(400)
  expect(reports).toEqual([])
})

test('an OPA that polls by name is connected while it waits', async () => {
  const { clock, source, instances, poll, publish } = world()
  const revision = publish(false)
  source.open()
  const waiting = poll({ 'if-none-match': `"${revision}"`, 'x-opa-instance': 'opa-0' })
  await clock.advance(20_000)
  expect(instances.connected(clock.now())).toHaveLength(1)
  await clock.advance(10_000)
  await waiting
  await clock.advance(5_001)
  expect(instances.connected(clock.now())).toEqual([])
})
