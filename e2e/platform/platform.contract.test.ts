import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { Agent, request } from 'undici'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { isFreePort } from './ports.ts'
import { identifyProcess } from './process-info.ts'
import type { Platform } from './platform.ts'
import { openPlatform, startPlatform, wipePlatform } from './platform.ts'
import { eventually } from '../world/eventually.ts'
import { readStateNow, writeState } from './state.ts'

const parts = ['kube-apiserver', 'postgres'] as const
const lines: string[] = []
let dir = ''
let platform: Platform

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'bulkhead-platform-'))
  // What a start leaves that was cut off in the middle of making the database.
  await mkdir(join(dir, 'data', 'postgres.partial', 'base'), { recursive: true, mode: 0o700 })
  platform = await startPlatform({ dir, parts, log: (line) => lines.push(line) })
})
afterAll(async () => {
  await platform.down()
  await wipePlatform(dir)
})

const stateFile = (): string => join(dir, 'state.json')

async function stateOf(name: string): Promise<string | undefined> {
  return (await platform.parts()).find((part) => part.name === name)?.state
}

const kubeconfigSchema = z.object({ users: z.tuple([z.object({ user: z.object({ token: z.string() }) })]) })

async function ask(account: 'operator' | 'xds-server' | undefined, path: string, body?: unknown): Promise<number> {
  const { kubernetesUrl, kubeconfigs, pkiFolder } = platform.endpoints
  const agent = new Agent({ connect: { ca: await readFile(join(pkiFolder, 'kube-ca.crt'), 'utf8') } })
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  if (account !== undefined) {
    const config = kubeconfigSchema.parse(parse(await readFile(kubeconfigs[account], 'utf8')))
    headers['authorization'] = `Bearer ${config.users[0].user.token}`
  }
  const sent = body === undefined ? {} : { method: 'POST' as const, body: JSON.stringify(body) }
  const response = await request(`${kubernetesUrl}${path}`, { dispatcher: agent, headers, ...sent })
  await response.body.dump()
  await agent.destroy()
  return response.statusCode
}

test('what was asked for is ready, with what it needs and nothing else', async () => {
  const found = await platform.parts()
  expect(found.map((part) => [part.name, part.state])).toEqual([
    ['postgres', 'ready'],
    ['etcd', 'ready'],
    ['kube-apiserver', 'ready'],
  ])
  expect(found.every((part) => part.memoryBytes > 1_000_000)).toBe(true)
})

test('every process is reached on loopback only, and a stranger is refused', async () => {
  expect(await ask(undefined, '/api/v1/namespaces')).toBe(401)
  expect(await ask('operator', '/api/v1/namespaces/default')).toBe(200)
})

test.each([
  ['operator', '/apis/bulkhead.dev/v1alpha1/tenants', 200],
  ['operator', '/api/v1/namespaces/bulkhead-system/secrets/none', 404],
  ['operator', '/api/v1/secrets', 403],
  ['operator', '/api/v1/namespaces/kube-system/secrets', 403],
  ['operator', '/api/v1/pods', 403],
  ['xds-server', '/apis/bulkhead.dev/v1alpha1/toolsets', 200],
  ['xds-server', '/apis/discovery.k8s.io/v1/endpointslices', 200],
  ['xds-server', '/api/v1/namespaces/bulkhead-system/secrets', 403],
  ['xds-server', '/apis/rbac.authorization.k8s.io/v1/clusterroles', 403],
] as const)('%s asks for %s and is answered %i', async (account, path, status) => {
  expect(await ask(account, path)).toBe(status)
})

test('the operator can bind its own tenant role, and hand out nothing that it does not hold', async () => {
  const binding = (role: string): unknown => ({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { generateName: 'try-' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    subjects: [
      {
        ...{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User' },
        name: 'system:serviceaccount:bulkhead-system:bulkhead-operator',
      },
    ],
  })
  const labels = { 'bulkhead.dev/tenant-uid': 'try' }
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'tenant-try', labels } }
  expect(await ask('operator', '/api/v1/namespaces', namespace)).toBe(201)
  const pathIn = (where: string) => `/apis/rbac.authorization.k8s.io/v1/namespaces/${where}/rolebindings`
  const path = pathIn('tenant-try')
  expect(await ask('operator', path, binding('cluster-admin'))).toBe(403)
  expect(await ask('operator', path, binding('system:kube-controller-manager'))).toBe(403)
  expect(await ask('operator', path, binding('bulkhead-operator-tenant'))).toBe(201)
  // The API server takes up a new policy within seconds.
  const elsewhere = () => ask('operator', pathIn('default'), binding('bulkhead-operator-tenant'))
  await expect.poll(elsewhere, { timeout: 15_000, interval: 200 }).toBe(403)
})

test("the operator's database role is no superuser and has no way into other databases", async () => {
  const { host, port, database, operator } = platform.endpoints.postgres
  const password = await readFile(operator.passwordFile, 'utf8')
  const client = new pg.Client({ host, port, database, user: operator.user, password })
  await client.connect()
  const role = await client.query(
    'SELECT rolsuper, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user',
  )
  await client.end()
  expect(role.rows).toEqual([{ rolsuper: false, rolcreaterole: true, rolcreatedb: false }])
  const other = new pg.Client({ host, port, database: 'keycloak', user: operator.user, password })
  await expect(other.connect()).rejects.toThrow('permission denied')
  const guess = new pg.Client({ host, port, database, user: operator.user, password: 'wrong' })
  await expect(guess.connect()).rejects.toThrow('password authentication failed')
})

test('a part that is killed has died, is said so, and starts again on its port with its data', async () => {
  const before = platform.pid('postgres')
  await platform.kill('postgres', 'SIGKILL')
  expect(await stateOf('postgres')).toBe('died')
  await platform.start('postgres')
  expect(await stateOf('postgres')).toBe('ready')
  expect(platform.pid('postgres')).not.toBe(before)
})

test('a crash that nobody asked for is named with the log file', async () => {
  const pid = platform.pid('postgres') ?? 0
  process.kill(pid, 'SIGKILL')
  const died = await eventually(() => {
    const line = lines.find((one) => one.startsWith('postgres died'))
    expect(line).toBeDefined()
    return line
  })
  expect(died).toContain('postgres.log')
  await platform.start('postgres')
})

test('a part that was stopped is not dead, and another process may start it', async () => {
  await platform.stop('postgres')
  expect(await stateOf('postgres')).toBe('stopped')
  const other = await openPlatform({ dir, log: () => undefined })
  await other?.start('postgres')
  expect(await stateOf('postgres')).toBe('ready')
  expect(platform.pid('postgres')).toBe(other?.pid('postgres'))
})

test('starting it once more starts nothing', async () => {
  const again = await startPlatform({ dir, parts, log: () => undefined })
  expect(again.elapsedMs.size).toBe(0)
  expect(again.endpoints).toEqual(platform.endpoints)
})

test('a process that has got the number of an ended part is left alone', async () => {
  await platform.stop('postgres')
  const self = await identifyProcess(process.pid)
  const state = readStateNow(stateFile())
  const stranger = { ...self!, startTicks: '1', startedAt: '2026-01-01T00:00:00Z' }
  writeState(stateFile(), { ...state, parts: { ...state.parts, postgres: stranger } })
  await expect(platform.kill('postgres', 'SIGTERM')).rejects.toThrow('it has ended')
  await platform.stop('postgres')
  await platform.start('postgres')
  expect(await stateOf('postgres')).toBe('ready')
})

test('a part that cannot start is named with its last words, and what was started with it is stopped', async () => {
  await platform.down()
  const { port } = platform.endpoints.postgres
  const settings = join(dir, 'data', 'postgres', 'postgresql.auto.conf')
  await writeFile(settings, "no_such_setting = 'x'\n")
  await expect(startPlatform({ dir, parts, log: () => undefined })).rejects.toThrow(
    /Cannot start postgres: it ended \(exit code 1\)\nLast lines of [^\n]*postgres\.log:\n[^]*no_such_setting/,
  )
  expect((await platform.parts()).map((part) => part.state)).toEqual(['stopped', 'stopped', 'stopped'])
  expect(await isFreePort(port)).toBe(true)
  await writeFile(settings, '')
  platform = await startPlatform({ dir, parts, log: () => undefined })
  expect(platform.endpoints.postgres.port).toBe(port)
})
