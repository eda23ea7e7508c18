import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { decodeJwt } from 'jose'
import { z } from 'zod'
import { createGatewayClient, type GatewayRequest } from '../client/gateway-client.ts'
import { logInFirst } from '../client/person.ts'
import { askForToken, fetchToken, type Credentials } from '../client/tokens.ts'
import { eventually } from '../world/eventually.ts'
import { tenant } from '../world/objects.ts'
import type { Organisation } from '../world/organisation.ts'
import type { Scenario } from './scenario.ts'
import { openTwoOrganisations } from './two-organisations.ts'

let scenario: Scenario
let acme: Organisation
let globex: Organisation
let issuer: string
let realm: string
let own: Credentials

beforeAll(async () => {
  ;({ scenario, acme, globex } = await openTwoOrganisations())
  own = await acme.credentials('app')
  ;({ issuer, realm } = (await acme.status()).status.identity)
})
afterAll(() => scenario.close(acme, globex))

// The good path first: a refusal counts only where tokens are minted. A flood before may have left an Envoy's bucket empty.
beforeEach(() =>
  eventually(async () => {
    expect((await acme.send({ path: '/orders/1', token: await mint() })).status).toBe(200)
  }),
)

const mint = () => fetchToken(scenario.client, own)
const host = () => new URL(scenario.platform.endpoints.identityUrl).host
const ask = (path: string, more: Partial<GatewayRequest> = {}) => scenario.client.send({ host: host(), path, ...more })
const pathOf = (address: string) => new URL(address).pathname

test('a realm says only addresses on the identity host, and its tokens name it', async () => {
  expect(issuer).toBe(`${scenario.platform.endpoints.identityUrl}/realms/${realm}`)
  expect(decodeJwt(await mint()).iss).toBe(issuer)
  const { status, body } = await ask(`${pathOf(issuer)}/.well-known/openid-configuration`)
  expect(status).toBe(200)
  const addresses = Object.values(z.record(z.string(), z.unknown()).parse(JSON.parse(body))).filter(
    (value) => typeof value === 'string' && /^https?:/.test(value),
  )
  expect(addresses.length).toBeGreaterThan(5)
  expect(addresses.filter((address) => !String(address).startsWith(issuer))).toEqual([])
  expect((await ask(`${pathOf(issuer)}/protocol/openid-connect/certs`)).status).toBe(200)
})

test('S-055 a token’s issuer follows no header of whoever asks for it', async () => {
  const path = pathOf(own.tokenUrl)
  const authorization = `Basic ${Buffer.from(`${own.clientId}:${own.clientSecret}`).toString('base64')}`
  const forged = { 'x-forwarded-host': 'evil.test', 'x-forwarded-proto': 'http', forwarded: 'host=evil.test' }
  const headers = { authorization, 'content-type': 'application/x-www-form-urlencoded', ...forged }
  const answer = await ask(path, { method: 'POST', body: 'grant_type=client_credentials', headers })
  expect(answer.status).toBe(200)
  const { access_token: token } = z.object({ access_token: z.string() }).parse(JSON.parse(answer.body))
  expect(decodeJwt(token).iss).toBe(issuer)
  const elsewhere = await scenario.client.send({
    ...{ host: 'evil.test', serverName: new URL(issuer).hostname, path, method: 'POST', headers },
    body: 'grant_type=client_credentials',
  })
  expect(elsewhere.status).toBe(404)
})

test('S-178 administration is never served through the fleet, whatever the token and the spelling', async () => {
  const token = await scenario.keycloak.masterToken()
  const { keycloakUrl } = scenario.platform.endpoints
  const direct = await fetch(`${keycloakUrl}/admin/realms/${realm}`, { headers: { authorization: `Bearer ${token}` } })
  expect(direct.status).toBe(200)
  const paths = [
    `/admin/realms/${realm}`,
    `//admin/realms/${realm}`,
    `/Admin/realms/${realm}`,
    `/admin;a=b/realms/${realm}`,
    `/%61dmin/realms/${realm}`,
    `/admin%2Frealms%2F${realm}`,
    `/realms/${realm}/../../admin/realms/${realm}`,
    `/realms/${realm}/account/..;/..;/..;/admin/realms/${realm}`,
    `/realms/${realm}/account/..%2f..%2f..%2fadmin/realms/${realm}`,
    `/realms/${realm}/account/..%5c..%5c..%5cadmin%5crealms`,
    `/realms/${realm}/account/%252e%252e/%252e%252e/admin/realms/${realm}`,
    `/admin/${realm}/console/`,
    '/realms/master/protocol/openid-connect/token',
    '/realms/master/.well-known/openid-configuration',
    `/realms/${realm}/clients-registrations/openid-connect`,
    '/metrics',
    '/health/ready',
  ]
  for (const path of paths) {
    const answer = await ask(path, { token })
    expect([400, 404], path).toContain(answer.status)
    expect(answer.headers['content-type'] ?? '', path).not.toMatch(/html/)
  }
  const raw = await scenario.raw(new URL(issuer).hostname, [
    `GET http://${host()}/admin/realms/${realm} HTTP/1.1`,
    `Host: ${acme.host}`,
    `Authorization: Bearer ${token}`,
    'Connection: close',
  ])
  expect(raw).toMatch(/^HTTP\/1\.1 40[04] /)
})

test('the first admin of a tenant comes in by the fleet, and manages users where the platform says', async () => {
  const secret = await scenario.kubectl.read(['get', 'secret', '-n', acme.namespace, 'tenant-admin-invitation'])
  const { data } = z.object({ data: z.record(z.string(), z.string()) }).parse(secret)
  const value = (key: string) => Buffer.from(data[key] ?? '', 'base64').toString()
  const { keycloakUrl } = scenario.platform.endpoints
  expect(value('login-url')).toBe(`${keycloakUrl}/admin/${realm}/console/`)
  const token = await logInFirst(scenario.client, {
    ...{ issuer, username: value('username'), password: value('password') },
    ...{ clientId: 'security-admin-console', redirectUri: value('login-url') },
  })
  const users = `/admin/realms/${realm}/users`
  const answer = await fetch(`${keycloakUrl}${users}`, { headers: { authorization: `Bearer ${token}` } })
  expect(answer.status).toBe(200)
  expect((await ask(users, { token })).status).toBe(404)
})

test('a page of a realm brings files that the fleet serves', async () => {
  const redirect = encodeURIComponent(`${issuer}/account/`)
  const flow = `response_type=code&scope=openid&code_challenge=${'a'.repeat(43)}&code_challenge_method=S256`
  const page = await ask(
    `${pathOf(issuer)}/protocol/openid-connect/auth?client_id=account-console&redirect_uri=${redirect}&${flow}`,
  )
  const files = [...page.body.matchAll(/(?:href|src)="([^"]*\/resources\/[^"]+)"/g)].map(([, file = '']) => file)
  expect(files.length).toBeGreaterThan(2)
  for (const file of files) expect((await ask(file.replace(/^https:\/\/[^/]+/, ''))).status, file).toBe(200)
  expect((await ask(`${pathOf(issuer)}/account/`)).status).toBe(200)
})

// Many at once and on connections of their own: whoever floods does not wait for answers.
async function flooded<T>(
  work: () => Promise<T>,
): Promise<{ readonly statuses: readonly number[]; readonly result: T }> {
  const flooder = createGatewayClient(scenario.edge, { maxSockets: 200 })
  try {
    const flood = Promise.all(Array.from({ length: 200 }, () => askForToken(flooder, own)))
    const [answers, result] = await Promise.all([flood, work()])
    return { statuses: answers.map(({ status }) => status), result }
  } finally {
    flooder.close()
  }
}

test("S-179 a flood on acme's realm is refused there, and globex's tokens are minted", async () => {
  const theirs = await globex.credentials('app')
  const { statuses, result: tookMs } = await flooded(async () => {
    const times: number[] = []
    while (times.length < 20) {
      const startedMs = performance.now()
      expect((await askForToken(scenario.client, theirs)).status).toBe(200)
      times.push(performance.now() - startedMs)
    }
    return times.toSorted((a, b) => a - b)
  })
  expect(new Set(statuses)).toEqual(new Set([200, 429]))
  const refused = statuses.filter((status) => status === 429).length
  console.log(`  acme: ${refused} of ${statuses.length} refused; globex: slowest token ${tookMs.at(-1)?.toFixed(0)} ms`)
  expect(refused).toBeGreaterThan(50)
  await eventually(async () => expect((await askForToken(scenario.client, own)).status).toBe(200))
})

test("S-179 guesses at a client's secret in acme's realm leave globex's tokens alone", async () => {
  const theirs = await globex.credentials('app')
  const guess = () => askForToken(scenario.client, { ...own, clientSecret: 'guess' })
  const guesses = await Promise.all(Array.from({ length: 150 }, guess))
  const statuses = new Set(guesses.map(({ status }) => status))
  expect(statuses).toEqual(new Set([401, 429]))
  expect((await askForToken(scenario.client, theirs)).status).toBe(200)
  await eventually(async () => expect((await askForToken(scenario.client, own)).status).toBe(200))
})

test('a tenant that is called like the identity host is not granted it', async () => {
  const condition = z.object({ type: z.string(), status: z.string(), reason: z.string() })
  const schema = z.object({ status: z.object({ conditions: z.array(condition) }) })
  await scenario.kubectl.apply([tenant('id')])
  try {
    await eventually(async () => {
      const { conditions } = schema.parse(await scenario.kubectl.read(['get', 'tenant', 'id'])).status
      const granted = conditions.find(({ type }) => type === 'Granted')
      expect(granted).toMatchObject({ status: 'False', reason: 'HostnameNotGranted' })
    })
    expect((await ask(`${pathOf(issuer)}/.well-known/openid-configuration`)).status).toBe(200)
  } finally {
    await scenario.kubectl.run(['delete', 'tenant', 'id', '--timeout=180s'])
  }
})
