import { afterEach, beforeEach, expect, test } from 'vitest'
import { createLogger, silentLogger } from '../logger.ts'
import { TestClock } from '../testing/test-clock.ts'
import { advanceUntil, until } from '../testing/until.ts'
import { createKubeClient } from './client.ts'
import { KubeFault, TransportFault, isAlreadyExists, isConflict, isForbidden, isInvalid, isNotFound } from './fault.ts'
import type { KubeClient } from './kube-client.ts'
import { objectPath } from './kind.ts'
import { ScriptedApiServer, reset, silence, status, text } from './testing/scripted-api-server.ts'

const things = { group: 'test.dev', version: 'v1', plural: 'things', kind: 'Thing', namespaced: true }
const ref = { kind: things, namespace: 'ns', name: 'a' }
const object = {
  apiVersion: 'test.dev/v1',
  kind: 'Thing',
  metadata: { name: 'a', namespace: 'ns', resourceVersion: '7' },
}
const echo = text(JSON.stringify(object))

let server: ScriptedApiServer
let clock: TestClock
let client: KubeClient

beforeEach(async () => {
  server = await new ScriptedApiServer().start()
  clock = new TestClock()
  client = createKubeClient({
    kubeconfigPath: server.kubeconfigPath,
    logger: silentLogger,
    clock,
    limits: { maxResponseBytes: 10_000, maxWatchLineBytes: 10_000 },
  })
})

afterEach(async () => {
  client.close()
  await server.stop()
})

const faultOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => 'no fault',
    (error: unknown) => error,
  )

test('the account of the kubeconfig is used', async () => {
  server.otherScript.push(echo)
  await client.get(ref)
  expect(server.requests[0]?.headers.authorization).toBe('Bearer scripted-token')
})

test('apply is a server-side apply with field manager, force and strict validation', async () => {
  server.otherScript.push(echo, echo)
  await client.apply(
    things,
    { metadata: { name: 'a', namespace: 'ns' }, spec: { x: 1 } },
    { fieldManager: 'me', force: true },
  )
  await client.applyStatus(things, { metadata: { name: 'a', namespace: 'ns' } }, { fieldManager: 'me', force: false })
  const [spec, state] = server.requests
  expect(spec).toMatchObject({ verb: 'patch', path: '/apis/test.dev/v1/namespaces/ns/things/a' })
  expect(spec?.headers['content-type']).toBe('application/apply-patch+yaml')
  expect(Object.fromEntries(spec?.query ?? [])).toEqual({
    fieldManager: 'me',
    fieldValidation: 'Strict',
    force: 'true',
  })
  expect(JSON.parse(spec?.body ?? '')).toEqual({
    apiVersion: 'test.dev/v1',
    kind: 'Thing',
    metadata: { name: 'a', namespace: 'ns' },
    spec: { x: 1 },
  })
  expect(state?.path).toBe('/apis/test.dev/v1/namespaces/ns/things/a/status')
  expect(state?.query.get('force')).toBe('false')
})

test('what guards writes is asked before each of them and before no read, and what it throws is sent to nobody', async () => {
  const asked: string[] = []
  const guarded = createKubeClient({
    kubeconfigPath: server.kubeconfigPath,
    logger: silentLogger,
    clock,
    beforeWrite: (doing) => {
      asked.push(doing)
      throw new Error('refused')
    },
  })
  server.otherScript.push(echo)
  await guarded.get(ref)
  await guarded.list(things)
  const before = server.requests.length
  const body = { metadata: { name: 'a', namespace: 'ns' } }
  const writes = [
    guarded.create(things, body),
    guarded.apply(things, body, { fieldManager: 'me', force: true }),
    guarded.applyStatus(things, body, { fieldManager: 'me', force: true }),
    guarded.patch(ref, { type: 'merge', body: {} }),
    guarded.replace(things, body),
    guarded.delete(ref),
  ]
  for (const write of writes) await expect(write).rejects.toThrow('refused')
  const path = '/apis/test.dev/v1/namespaces/ns/things'
  const one = `${path}/a`
  const wanted = [`POST ${path}`, `PATCH ${one}`, `PATCH ${one}/status`, `PATCH ${one}`, `PUT ${one}`, `DELETE ${one}`]
  expect(asked.toSorted()).toEqual(wanted.toSorted())
  expect(server.requests.length).toBe(before)
  guarded.close()
})

test('a deletion carries its preconditions', async () => {
  server.otherScript.push(text('{}'))
  await client.delete(ref, { preconditions: { uid: 'u', resourceVersion: '7' }, propagationPolicy: 'Foreground' })
  expect(JSON.parse(server.requests[0]?.body ?? '')).toMatchObject({
    preconditions: { uid: 'u', resourceVersion: '7' },
    propagationPolicy: 'Foreground',
  })
})

test.each([
  [404, 'NotFound', isNotFound],
  [409, 'Conflict', isConflict],
  [409, 'AlreadyExists', isAlreadyExists],
  [403, 'Forbidden', isForbidden],
  [401, 'Unauthorized', isForbidden],
  [422, 'Invalid', isInvalid],
])('an answer %i %s is recognised', async (code, reason, is) => {
  server.otherScript.push(status(code, reason))
  const fault = await faultOf(client.create(things, object))
  expect(is(fault)).toBe(true)
  expect(fault).toMatchObject({ status: code, reason, detail: `scripted ${reason}` })
})

test('a name that is taken is no conflict of versions', async () => {
  server.otherScript.push(status(409, 'AlreadyExists'))
  expect(isConflict(await faultOf(client.create(things, object)))).toBe(false)
})

test('find gives undefined for what does not exist, and throws everything else', async () => {
  server.otherScript.push(status(404, 'NotFound'), status(500, 'InternalError'))
  expect(await client.find(ref)).toBeUndefined()
  expect(await faultOf(client.find(ref))).toBeInstanceOf(KubeFault)
})

test('the time that the server asks us to stay away is kept', async () => {
  server.otherScript.push(status(429, 'TooManyRequests', { 'retry-after': '7' }))
  expect(await faultOf(client.get(ref))).toMatchObject({ status: 429, retryAfterMs: 7_000 })
})

test('a server that never answers costs the time limit, not for ever', async () => {
  server.otherScript.push(silence)
  const call = faultOf(client.get(ref, { timeoutMs: 5_000 }))
  await until(() => server.requests.length === 1)
  await clock.advance(4_999)
  let isOver = false
  void call.then(() => (isOver = true))
  expect(isOver).toBe(false)
  await clock.advance(1)
  expect(await call).toMatchObject({ problem: 'timeout' })
  expect(clock.sleeping).toBe(0)
})

test('a server that stops in the middle of an answer costs the time limit too', async () => {
  server.otherScript.push((response) => {
    response.write('{"metadata":')
  })
  const call = faultOf(client.get(ref, { timeoutMs: 5_000 }))
  expect(await advanceUntil(clock, () => clock.sleeping === 0, 10_000)).toBe(5_000)
  expect(await call).toMatchObject({ problem: 'timeout' })
})

test("the caller's abort ends the call with the caller's reason", async () => {
  server.otherScript.push(silence)
  const stop = new AbortController()
  const call = faultOf(client.get(ref, { signal: stop.signal }))
  await until(() => server.requests.length === 1)
  const reason = new Error('shutting down')
  stop.abort(reason)
  expect(await call).toBe(reason)
})

test.each([
  ['an answer that is too long', text(JSON.stringify({ ...object, spec: 'x'.repeat(20_000) })), 'too-large'],
  ['an answer that is not JSON', text('<html>'), 'malformed'],
  [
    'an answer that is not UTF-8',
    ((r) => void r.end(Buffer.from([0x22, 0xff, 0x22]))) satisfies ReturnType<typeof text>,
    'malformed',
  ],
  ['an answer without metadata', text('{}'), 'malformed'],
  ['labels that are null', text('{"metadata":{"name":"a","labels":null}}'), 'malformed'],
])('%s is a fault of the transport', async (_title, script, problem) => {
  server.otherScript.push(script)
  const fault = await faultOf(client.get(ref))
  expect(fault).toBeInstanceOf(TransportFault)
  expect(fault).toMatchObject({ problem })
})

test('a read is sent again when its kept-alive connection was reset; a write never is', async () => {
  server.otherScript.push(reset, echo, reset, echo)
  expect(await client.get(ref)).toMatchObject({ metadata: { name: 'a' } })
  expect(await faultOf(client.create(things, object))).toMatchObject({ problem: 'connection' })
  expect(server.count('get')).toBe(2)
  expect(server.count('post')).toBe(1)
})

test('S-196 an object with keys like __proto__ arrives as it is and changes no prototype', async () => {
  const hostile = '{"metadata":{"name":"a","labels":{"__proto__":"x","constructor":"y"}},"__proto__":{"polluted":true}}'
  server.otherScript.push(text(hostile))
  const got = await client.get(ref)
  expect(Object.entries(got.metadata.labels ?? {})).toEqual([
    ['__proto__', 'x'],
    ['constructor', 'y'],
  ])
  expect('polluted' in got).toBe(false)
  expect('polluted' in {}).toBe(false)
})

test('S-197 a resource version beyond 2^53 keeps every digit', async () => {
  const version = '9007199254740993123'
  server.otherScript.push(text(`{"metadata":{"name":"a","resourceVersion":"${version}"}}`))
  expect((await client.get(ref)).metadata.resourceVersion).toBe(version)
})

test('listAll follows every page of one list', async () => {
  for (let i = 0; i < 25; i++) server.put(`t${i}`, i)
  const { items, resourceVersion } = await client.listAll(things, { limit: 10 })
  expect(items).toHaveLength(25)
  expect(resourceVersion).toBe(String(server.version))
  expect(server.count('list')).toBe(3)
})

test.each(['.', '..', ''])('an object cannot be called %j: the path would be another', (name) => {
  expect(() => objectPath({ kind: things, namespace: 'ns', name })).toThrow('not an object name')
})

test('a name with a slash stays one segment of the path', () => {
  expect(objectPath({ kind: things, namespace: 'ns', name: 'a/b?c' })).toMatch(/things\/a%2Fb%3Fc$/)
})

test('a kubeconfig that cannot be read is named', () => {
  const logger = createLogger({ name: 't', level: 'error' })
  expect(() => createKubeClient({ kubeconfigPath: '/nowhere/kubeconfig', logger, clock })).toThrow(
    '/nowhere/kubeconfig',
  )
})
