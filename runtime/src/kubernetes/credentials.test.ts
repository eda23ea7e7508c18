import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { silentLogger } from '../logger.ts'
import { TestClock } from '../testing/test-clock.ts'
import { createKubeClient } from './client.ts'
import { isForbidden } from './fault.ts'
import type { KubeClient } from './kube-client.ts'
import { failsWith } from './testing/fault-of.ts'
import { ScriptedApiServer, asUsual, status } from './testing/scripted-api-server.ts'

const things = { group: 'test.dev', version: 'v1', plural: 'things', kind: 'Thing', namespaced: false }

let server: ScriptedApiServer
let folder: string
const clients: KubeClient[] = []

beforeEach(async () => {
  server = await new ScriptedApiServer().start()
  folder = await mkdtemp(join(tmpdir(), 'bulkhead-credentials-'))
  knows('old')
})

afterEach(async () => {
  for (const client of clients.splice(0)) client.close()
  await server.stop()
  await rm(folder, { recursive: true, force: true })
})

/** From now on the server knows this token only. */
function knows(token: string): void {
  server.always = (response, request) => {
    const isKnown = request.headers.authorization === `Bearer ${token}`
    if (!isKnown) status(401, 'Unauthorized')(response)
    else if (request.verb === 'post') response.end(request.body)
    else asUsual(response, request)
  }
}

const file = (name: string): string => join(folder, name)

async function clientAs(user: object): Promise<KubeClient> {
  const config = JSON.parse(await readFile(server.kubeconfigPath, 'utf8')) as object
  await writeFile(file('kubeconfig'), JSON.stringify({ ...config, users: [{ name: 'tester', user }] }))
  const client = createKubeClient({ kubeconfigPath: file('kubeconfig'), logger: silentLogger, clock: new TestClock() })
  clients.push(client)
  return client
}

const execUser = {
  exec: {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: process.execPath,
    args: [
      '-e',
      `const token = require('fs').readFileSync(process.argv[1], 'utf8')
       console.log(JSON.stringify({ kind: 'ExecCredential', status: { token } }))`,
    ],
  },
}

test.each([
  ['a token file', () => ({ tokenFile: 'token' }), (token: string) => writeFile(file('token'), `${token}\n`)],
  [
    'a plugin',
    () => ({ exec: { ...execUser.exec, args: [...execUser.exec.args, file('token')] } }),
    (token: string) => writeFile(file('token'), token),
  ],
  ['the kubeconfig itself', () => ({ token: 'old' }), (token: string) => clientAs({ token })],
])(
  'credentials from %s that the server no longer takes are read again, and even a write goes on',
  async (_title, user, write) => {
    await writeFile(file('token'), 'old')
    const client = await clientAs(user())
    await client.list(things)
    await write('new')
    knows('new')
    const before = server.requests.length
    await client.create(things, { metadata: { name: 'a' } })
    expect(server.requests.slice(before).map(({ verb }) => verb)).toEqual(['post', 'post'])
    await client.list(things)
    expect(server.requests.length - before).toBe(3)
  },
)

test('a 401 is asked about once when there is nothing new to say', async () => {
  await writeFile(file('token'), 'old')
  const client = await clientAs({ tokenFile: 'token' })
  knows('new')
  expect(await failsWith(client.list(things), isForbidden)).toBe(true)
  expect(server.requests).toHaveLength(1)
})

test('a kubeconfig that is half written leaves the old credentials in use', async () => {
  const client = await clientAs({ token: 'old' })
  await writeFile(file('kubeconfig'), '{"users": [')
  knows('new')
  expect(await failsWith(client.list(things), isForbidden)).toBe(true)
  await clientAs({ token: 'new' })
  await client.list(things)
})
