import { createPublicKey, type JsonWebKey } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Organisation } from '../world/organisation.ts'
import { broughtAlong, fetchToken, resigned, signedByPublicKey, withoutSignature } from '../client/tokens.ts'
import { startBackend } from '../backend/backend.ts'
import { eventually } from '../world/eventually.ts'
import { tenant } from '../world/objects.ts'
import type { Scenario } from './scenario.ts'
import { openTwoOrganisations } from './two-organisations.ts'

let scenario: Scenario
let acme: Organisation
let globex: Organisation
let token: string

beforeAll(async () => {
  ;({ scenario, acme, globex } = await openTwoOrganisations())
  token = await acme.token()
})
afterAll(() => scenario.close(acme, globex))

// The good path first, before every attempt: else an answer of 401 could pass for isolation.
beforeEach(async () => {
  expect((await acme.send({ path: '/orders/1', token })).status).toBe(200)
  acme.backend.forget()
  globex.backend.forget()
})

async function refused(attempt: string | undefined, statuses: readonly number[] = [401]): Promise<void> {
  const answer = await acme.send({ path: '/orders/1', ...(attempt === undefined ? {} : { token: attempt }) })
  expect(statuses).toContain(answer.status)
  expect(acme.backend.seen()).toEqual([])
  expect(answer.body).not.toMatch(/realms|kid|issuer/)
}

test("S-050 globex's token on acme's host is refused and never upstream", async () => {
  const foreign = await globex.token()
  expect((await globex.send({ path: '/orders/1', token: foreign })).status).toBe(200)
  globex.backend.forget()
  await refused(foreign)
  expect(globex.backend.seen()).toEqual([])
})

test("S-050 acme's token on globex's host is refused and never upstream", async () => {
  expect((await globex.send({ path: '/orders/1', token })).status).toBe(401)
  expect(globex.backend.seen()).toEqual([])
})

test.each(['none', 'None', 'nOnE'])('S-043 alg %s is refused', (alg) => refused(withoutSignature(token, alg)))

test('S-044 HS256 signed with the public key is refused in every encoding of the key', async () => {
  const { status } = await acme.status()
  const keys = (JSON.parse(status.identity.jwks) as { keys: (JsonWebKey & { kid: string })[] }).keys
  for (const jwk of keys) {
    const key = createPublicKey({ key: jwk, format: 'jwk' })
    const encodings = [
      key.export({ type: 'spki', format: 'pem' }),
      key.export({ type: 'spki', format: 'der' }),
      Buffer.from(jwk.n ?? '', 'base64url'),
    ]
    for (const encoding of encodings) await refused(signedByPublicKey(token, encoding))
  }
})

// A key of the realm itself, so that each token below is right in everything but one claim.
type Sign = (changes: Readonly<Record<string, unknown>>) => string
let signing: Sign | undefined
const ownKey = async () => (signing ??= await addOwnKey())

async function addOwnKey(): Promise<Sign> {
  const { status } = await acme.status()
  const { privateKey, modulus } = await scenario.keycloak.addKey(status.identity.realm)
  await scenario.kubectl.apply([tenant(acme.name, { displayName: 'with another key' })])
  const kid = await eventually(async () => {
    const keys = (JSON.parse((await acme.status()).status.identity.jwks) as { keys: { n: string; kid: string }[] }).keys
    const found = keys.find((key) => key.n === modulus)
    expect(found).toBeDefined()
    return found!.kid
  })
  const sign: Sign = (changes) => resigned(token, changes, { key: privateKey, kid })
  await eventually(async () => expect((await acme.send({ path: '/orders/1', token: sign({}) })).status).toBe(200))
  acme.backend.forget()
  return sign
}

test('S-047 S-049 a token of the realm’s own key is refused for each claim that is wrong alone', async () => {
  const sign = await ownKey()
  const now = Math.floor(Date.now() / 1000)
  const wrong: readonly Readonly<Record<string, unknown>>[] = [
    { iat: now - 600, exp: now - 120 },
    { exp: undefined },
    { exp: 1e300 },
    { exp: -1 },
    { exp: 'tomorrow' },
    { exp: now + 86_400 * 365 },
    { iat: now + 3600, exp: now + 7200 },
    { aud: undefined },
    { aud: 'account' },
    { aud: (await globex.status()).status.identity.audience },
    { iss: (await globex.status()).status.identity.issuer },
    { iss: undefined },
    { azp: 'sub-unknown' },
    { azp: undefined },
  ]
  for (const changes of wrong) {
    const answer = await acme.send({ path: '/orders/1', token: sign(changes) })
    expect([401, 403], JSON.stringify(changes)).toContain(answer.status)
  }
  expect(acme.backend.seen()).toEqual([])
  expect(
    (
      await acme.send({
        path: '/orders/1',
        token: sign({ aud: ['other', (await acme.status()).status.identity.audience] }),
      })
    ).status,
  ).toBe(200)
})

test('S-052 claims that a realm could forge change neither tenant nor role', async () => {
  const sign = await ownKey()
  const forged = sign({ tenant_id: globex.name, roles: ['platform-admin'], tenant: globex.name })
  expect((await acme.send({ path: '/orders/1', token: forged })).status).toBe(200)
  expect(acme.backend.seen()[0]?.headers['x-bulkhead-tenant']).toEqual([acme.name])
  expect((await globex.send({ path: '/orders/1', token: forged })).status).toBe(401)
})

test("S-061 a token of Keycloak's master realm is refused", async () => refused(await scenario.keycloak.masterToken()))

test('S-056 two Authorization headers are refused, whatever their order', async () => {
  const foreign = await globex.token()
  for (const pair of [
    [token, foreign],
    [foreign, token],
    [token, 'x.y.z'],
  ]) {
    const raw = scenario.raw(acme.host, [
      'GET /orders/1 HTTP/1.1',
      `Host: ${acme.host}`,
      ...pair.map((one) => `Authorization: Bearer ${one}`),
      'Connection: close',
    ])
    expect(await raw).toMatch(/^HTTP\/1\.1 40[01] /)
  }
  expect(acme.backend.seen()).toEqual([])
})

test.each(['', 'x', 'a.b', 'a.b.c.d.e', `${'A'.repeat(2000)}.B.C`, '..', '%00'])(
  'S-058 the text %j is no token',
  (text) => refused(text),
)

test('S-058 Basic credentials and a lower-case scheme with a wrong token are refused', async () => {
  for (const authorization of ['Basic dXNlcjpwYXNz', 'bearer x', 'Bearer  x']) {
    const answer = await acme.send({ path: '/orders/1', headers: { authorization } })
    expect(answer.status).toBe(401)
  }
  expect(acme.backend.seen()).toEqual([])
})

test('D-04 a token in the query is no token', async () => {
  expect((await acme.send({ path: `/orders/1?access_token=${token}` })).status).toBe(401)
  expect(acme.backend.seen()).toEqual([])
})

test('a token of the right tenant without a subscription to this tool set is refused', async () => {
  await acme.apply(
    acme.objects.toolSet('other', acme.host, ['orders'], { basePath: '/other' }),
    acme.objects.subscription('other-app', 'other', 'standard'),
  )
  await acme.waitReady('toolset/other', 'subscription/other-app')
  const other = await fetchToken(scenario.client, await acme.credentials('other-app'))
  expect((await acme.send({ path: '/other/orders/1', token: other })).status).toBe(200)
  acme.backend.forget()
  await refused(other, [403])
})

test('S-046 keys that a token brings along or points to are ignored', async () => {
  const keyServer = await startBackend({ name: 'keys' })
  for (const attempt of broughtAlong(token, `http://127.0.0.1:${keyServer.port}/keys`)) await refused(attempt)
  expect(keyServer.seen()).toEqual([])
  await keyServer.stop()
})
