import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../clock.ts'
import { superviseListWatch } from '../list-watch/supervise-list-watch.ts'
import type { ListWatch } from '../list-watch/types.ts'
import { silentLogger } from '../logger.ts'
import { createMetrics } from '../metrics.ts'
import { startTestApiServer } from '../testing/api-server.ts'
import type { TestApiServer } from '../testing/api-server.ts'
import { failsWith } from './testing/fault-of.ts'
import { createKubeClient } from './client.ts'
import { isAlreadyExists, isConflict, isExpired, isForbidden, isInvalid, isNotFound } from './fault.ts'
import type { KubeClient } from './kube-client.ts'
import type { KubeObject } from './kind.ts'

const configMaps = { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap', namespaced: true }
const namespaces = { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace', namespaced: false }
const roles = { group: 'rbac.authorization.k8s.io', version: 'v1', plural: 'roles', kind: 'Role', namespaced: true }
const bindings = { ...roles, plural: 'rolebindings', kind: 'RoleBinding' }

let server: TestApiServer
let admin: KubeClient
let tester: KubeClient

beforeAll(async () => {
  server = await startTestApiServer()
  const clock = systemClock
  admin = createKubeClient({ kubeconfigPath: server.adminKubeconfigPath, logger: silentLogger, clock })
  tester = createKubeClient({ kubeconfigPath: server.kubeconfigPath, logger: silentLogger, clock })
})

afterAll(async () => {
  admin.close()
  tester.close()
  await server.stop()
})

const ref = (name: string) => ({ kind: configMaps, namespace: 'default', name })
const configMap = (name: string, data: Readonly<Record<string, string>> = {}, more: object = {}): KubeObject => ({
  metadata: { name, namespace: 'default', ...more },
  data,
})

test('an object is created, read, changed and deleted', async () => {
  const made = await admin.create(configMaps, configMap('life', { a: '1' }))
  expect(made.metadata.uid).toMatch(/^[0-9a-f-]{36}$/)
  const patched = await admin.patch(ref('life'), { type: 'merge', body: { data: { b: '2' } } })
  expect(patched['data']).toEqual({ a: '1', b: '2' })
  const tested = await admin.patch(ref('life'), {
    type: 'json',
    body: [
      { op: 'test', path: '/data/b', value: '2' },
      { op: 'remove', path: '/data/b' },
    ],
  })
  expect(tested['data']).toEqual({ a: '1' })
  await admin.delete(ref('life'))
  expect(await admin.find(ref('life'))).toBeUndefined()
})

test('what the server refuses is recognised', async () => {
  await admin.create(configMaps, configMap('refused'))
  expect(await failsWith(admin.create(configMaps, configMap('refused')), isAlreadyExists)).toBe(true)
  const stale = configMap('refused', {}, { resourceVersion: '1' })
  expect(await failsWith(admin.replace(configMaps, stale), isConflict)).toBe(true)
  expect(await failsWith(admin.create(configMaps, configMap('Not_A_Name')), isInvalid)).toBe(true)
  expect(await failsWith(admin.create(configMaps, { ...configMap('strict'), dta: {} }), isInvalid)).toBe(true)
  expect(await failsWith(admin.get(ref('missing')), isNotFound)).toBe(true)
  expect(await failsWith(tester.get(ref('refused')), isForbidden)).toBe(true)
})

test("one field manager's apply leaves another's fields alone, and conflicts unless it is forced", async () => {
  await admin.apply(configMaps, configMap('shared', { a: '1' }), { fieldManager: 'one', force: false })
  const both = await admin.apply(configMaps, configMap('shared', { b: '2' }), { fieldManager: 'two', force: false })
  expect(both['data']).toEqual({ a: '1', b: '2' })
  const clash = admin.apply(configMaps, configMap('shared', { a: '9' }), { fieldManager: 'two', force: false })
  expect(await failsWith(clash, isConflict)).toBe(true)
  const forced = await admin.apply(configMaps, configMap('shared', { a: '9' }), { fieldManager: 'two', force: true })
  expect(forced['data']).toEqual({ a: '9' })
})

test('the status subresource is applied apart from the spec', async () => {
  await admin.create(namespaces, { metadata: { name: 'with-status' } })
  const conditions = [
    {
      type: 'Checked',
      status: 'True',
      reason: 'Seen',
      message: 'looked at',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    },
  ]
  const applied = await admin.applyStatus(
    namespaces,
    { metadata: { name: 'with-status' }, status: { conditions } },
    { fieldManager: 'checker', force: true },
  )
  expect(applied['status']).toMatchObject({ phase: 'Active', conditions })
})

test("a deletion meant for another incarnation is refused: D-20's optimistic lock", async () => {
  const { metadata } = await admin.create(configMaps, configMap('guarded'))
  const wrong = admin.delete(ref('guarded'), { preconditions: { uid: '00000000-0000-0000-0000-000000000000' } })
  expect(await failsWith(wrong, isConflict)).toBe(true)
  await admin.delete(ref('guarded'), { preconditions: { uid: metadata.uid } })
})

test('a list comes in pages of one version', async () => {
  for (let i = 0; i < 7; i++) await admin.create(configMaps, configMap(`page-${i}`, {}, { labels: { set: 'pages' } }))
  const first = await admin.list(configMaps, { namespace: 'default', labelSelector: 'set=pages', limit: 3 })
  expect(first.items).toHaveLength(3)
  expect(first.continue).toBeDefined()
  const all = await admin.listAll(configMaps, { namespace: 'default', labelSelector: 'set=pages', limit: 3 })
  expect(all.items).toHaveLength(7)
})

function follow(client: KubeClient, namespace: string, signal: AbortSignal): ListWatch<KubeObject> {
  return superviseListWatch<KubeObject>({
    client,
    kind: configMaps,
    namespace,
    // The scripted tests check what is parsed; here any object will do.
    parse: (raw) => ({ ok: true, value: raw as KubeObject }),
    clock: systemClock,
    logger: silentLogger,
    metrics: createMetrics(),
    signal,
    tuning: { backoffBaseMs: 200, backoffMaxMs: 1_000 },
  })
}

async function countEvents(resourceVersion: string): Promise<number> {
  let count = 0
  const options = { namespace: 'default', resourceVersion, timeoutSeconds: 5, signal: AbortSignal.timeout(10_000) }
  for await (const event of admin.watch(configMaps, options)) count += event.type.length
  return count
}

async function eventually(condition: () => boolean, withinMs = 60_000): Promise<void> {
  const deadlineMs = Date.now() + withinMs
  while (!condition()) {
    if (Date.now() > deadlineMs) throw new Error(`It did not happen within ${withinMs} ms: ${condition.toString()}`)
    await sleep(20)
  }
}

test('F-19 the copy follows a real API server through its restart', async () => {
  const stop = new AbortController()
  const copy = follow(admin, 'default', stop.signal)
  await copy.synced
  await admin.create(configMaps, configMap('before'))
  await eventually(() => copy.store.get('default/before') !== undefined)
  const seenMs = copy.lastContactMs()
  await server.pause()
  await server.resume()
  await admin.create(configMaps, configMap('after'))
  await admin.delete(ref('before'))
  await eventually(
    () => copy.store.get('default/after') !== undefined && copy.store.get('default/before') === undefined,
  )
  expect(copy.lastContactMs()).toBeGreaterThan(seenMs)
  const { items } = await admin.list(configMaps, { namespace: 'default' })
  await eventually(() => copy.store.size === items.length)
  // The new server remembers nothing from before its start: a watch from there is the real form of a 410.
  expect(await failsWith(countEvents('1'), isExpired)).toBe(true)
  stop.abort(new Error('the test is over'))
  await copy.stopped
})

test('F-29 a permission that is granted later is used without a restart', async () => {
  const stop = new AbortController()
  await admin.create(namespaces, { metadata: { name: 'granted' } })
  let refusals = 0
  const list: KubeClient['list'] = async (...query) => {
    try {
      return await tester.list(...query)
    } catch (error) {
      refusals += isForbidden(error) ? 1 : 0
      throw error
    }
  }
  const copy = follow({ ...tester, list }, 'granted', stop.signal)
  await eventually(() => refusals > 0)
  expect(copy.isSynced()).toBe(false)
  const metadata = { name: 'reader', namespace: 'granted' }
  await admin.create(roles, {
    metadata,
    rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['list', 'watch'] }],
  })
  await admin.create(bindings, {
    metadata,
    roleRef: { apiGroup: roles.group, kind: 'Role', name: 'reader' },
    subjects: [{ apiGroup: roles.group, kind: 'User', name: 'tester' }],
  })
  await eventually(() => copy.isSynced())
  await admin.create(configMaps, { metadata: { name: 'seen', namespace: 'granted' } })
  await eventually(() => copy.store.get('granted/seen') !== undefined)
  stop.abort(new Error('the test is over'))
  await copy.stopped
})
