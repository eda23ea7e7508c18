import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TestClock } from '../testing/test-clock.ts'
import { createConnector } from './access.ts'
import { readTarget } from './kubeconfig.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulkhead-kubeconfig-'))
  for (const name of ['ca', 'cert', 'key', 'token']) await writeFile(join(folder, name), `${name} of the file\n`)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const inBase64 = (text: string) => Buffer.from(text).toString('base64')
const cluster = { server: 'https://api.example:6443', 'certificate-authority': 'ca' }

async function written(user: object | null, to: object = cluster): Promise<{ readonly kubeconfigPath: string }> {
  const kubeconfigPath = join(folder, 'kubeconfig')
  const config = {
    'current-context': 'here',
    contexts: [
      { name: 'there', context: { cluster: 'other', user: 'nobody' } },
      { name: 'here', context: { cluster: 'own', user: 'us' } },
    ],
    clusters: [
      { name: 'other', cluster: { server: 'https://other.example' } },
      { name: 'own', cluster: to },
    ],
    users: [
      { name: 'nobody', user: { token: 'wrong' } },
      { name: 'us', user },
    ],
  }
  await writeFile(kubeconfigPath, JSON.stringify(config))
  return { kubeconfigPath }
}

test('files are found beside the kubeconfig, and the current context decides', async () => {
  const { server, tls, headers } = readTarget(await written({ 'client-certificate': 'cert', 'client-key': 'key' }))
  expect(server.href).toBe('https://api.example:6443/')
  const read = [tls.ca, tls.cert, tls.key].map(String)
  expect(read).toEqual(['ca of the file\n', 'cert of the file\n', 'key of the file\n'])
  expect(headers).toEqual({})
  expect(tls.rejectUnauthorized, 'the certificate is checked').toBeUndefined()
})

test('data may stand in the kubeconfig itself', async () => {
  const user = { 'client-certificate-data': inBase64('c'), 'client-key-data': inBase64('k') }
  const to = { server: 'https://a', 'certificate-authority-data': inBase64('a'), 'tls-server-name': 'b' }
  const { tls } = readTarget(await written(user, to))
  expect([tls.ca, tls.cert, tls.key].map(String)).toEqual(['a', 'c', 'k'])
  expect(tls.servername).toBe('b')
})

test.each([
  ['a token', { token: 't' }, { Authorization: 'Bearer t' }],
  ['a token file', { tokenFile: 'token', token: 'older' }, { Authorization: 'Bearer token of the file' }],
  ['a password', { username: 'u', password: 'p' }, { Authorization: `Basic ${inBase64('u:p')}` }],
  ['another name', { token: 't', as: 'x' }, { Authorization: 'Bearer t', 'Impersonate-User': 'x' }],
  ['nothing', null, {}],
])('%s says who we are', async (_title, user, headers) => {
  expect(readTarget(await written(user)).headers).toEqual(headers)
})

test.each([
  ['an address in the clear', { server: 'http://api.example' }, '"http://api.example" is not https'],
  ['a proxy', { ...cluster, 'proxy-url': 'http://proxy' }, 'a proxy-url is not supported'],
  ['no address', { server: 'api' }, 'its current context names no cluster with a server URL'],
  ['a missing file', { ...cluster, 'certificate-authority': 'gone' }, 'no such file'],
])('%s is refused with the reason', async (_title, to, words) => {
  const access = await written({ token: 'sesame' }, to)
  expect(() => readTarget(access)).toThrow(words)
  expect(() => readTarget(access)).not.toThrow('sesame')
})

test('a login that only a library of its own knows is refused with what to do', async () => {
  const access = await written({ 'auth-provider': { name: 'oidc', config: {} } })
  expect(() => readTarget(access)).toThrow('use a plugin (exec) in its place')
})

test('files are read again every minute, and one that is half written changes nothing', async () => {
  const clock = new TestClock()
  const access = await written({ tokenFile: 'token' })
  const connector = createConnector(access, clock)
  const first = await connector.connect()
  await writeFile(join(folder, 'token'), 'the next\n')
  expect((await connector.connect()).headers).toEqual(first.headers)
  await clock.advance(60_000)
  const next = await connector.connect()
  expect(next.headers).toEqual({ Authorization: 'Bearer the next' })
  expect(next.agent, 'the connections stay').toBe(first.agent)
  await writeFile(access.kubeconfigPath, '{"users": [')
  await clock.advance(60_000)
  expect((await connector.connect()).headers).toEqual(next.headers)
  connector.close()
})

test('outside of a Pod there is no account of one', () => {
  expect(() => readTarget({ inCluster: true })).toThrow('this is no Pod')
})
