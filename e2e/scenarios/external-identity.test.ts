import { generateKeyPairSync, randomUUID, type KeyObject } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { answerJson, startTestIssuer, type TestIssuer } from '@bulkhead/identity/testing'
import { SignJWT } from 'jose'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { eventually } from '../world/eventually.ts'
import { createOrganisation, publishStandard, type Organisation } from '../world/organisation.ts'
import { openScenario, type Scenario } from './scenario.ts'

// A tenant that brings its own identity provider beside one with a realm of ours.
let scenario: Scenario
let issuer: TestIssuer
let acme: Organisation
let globex: Organisation

interface Key {
  readonly kid: string
  readonly privateKey: KeyObject
  readonly jwk: Readonly<Record<string, unknown>>
}

function makeKey(): Key {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const kid = randomUUID()
  return { kid, privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'ES256' } }
}

let key = makeKey()
const publish = (...keys: readonly Key[]) => issuer.answer(answerJson({ keys: keys.map(({ jwk }) => jwk) }))
const issuerOf = (name: string) => `${issuer.url}/${name}`

function tokenOf(changes: Readonly<Record<string, unknown>> = {}, by: Key = key): Promise<string> {
  const now = Math.floor(Date.now() / 1000)
  const claims = { iss: issuerOf('acme'), aud: 'orders', sub: 'x', client_id: 'portal', iat: now, exp: now + 300 }
  return new SignJWT({ ...claims, ...changes }).setProtectedHeader({ alg: 'ES256', kid: by.kid }).sign(by.privateKey)
}

const ownIdentity = (name: string) => ({
  identity: {
    type: 'External',
    external: { issuer: issuerOf(name), audiences: ['orders', 'invoices'], jwksURI: `${issuer.url}/keys` },
  },
})

beforeAll(async () => {
  scenario = await openScenario()
  const { pkiFolder } = scenario.platform.endpoints
  const file = (name: string) => readFile(join(pkiFolder, name), 'utf8')
  issuer = await startTestIssuer({ cert: await file('issuer.crt'), key: await file('issuer.key') })
  publish(key)
  ;[acme, globex] = await Promise.all([
    createOrganisation(scenario.name('acme'), { ...scenario, tenantSpec: ownIdentity('acme') }),
    createOrganisation(scenario.name('globex'), scenario),
  ])
  await Promise.all([publishOwn(acme), publishStandard(globex)])
})
afterAll(async () => {
  await scenario.close(acme, globex)
  await issuer.stop()
})

async function publishOwn({ objects, backend, host, ...organisation }: Organisation): Promise<void> {
  await organisation.apply(
    objects.tool('orders', backend.port),
    objects.tool('open', backend.port),
    objects.toolSet('api', host, ['orders']),
    objects.toolSet('members', host, ['open'], { access: 'Authenticated' }),
    objects.plan('standard'),
    objects.subscription('app', 'api', 'standard', {
      credentials: { type: 'OAuth2', secretName: 'app-credentials', clientID: 'portal' },
    }),
  )
  await organisation.waitReady('toolset/api', 'toolset/members', 'subscription/app')
}

const statusOf = async (organisation: Organisation, token: string, path = '/orders/1') =>
  (await organisation.send({ path, token })).status

// The good path first, before every attempt: else an answer of 401 could pass for isolation.
beforeEach(async () => {
  expect(await statusOf(acme, await tokenOf())).toBe(200)
  acme.backend.forget()
  globex.backend.forget()
})

test('a token of the tenant’s own issuer is served, by whichever of its audiences and claims', async () => {
  for (const change of [{ aud: 'invoices' }, { aud: ['x', 'orders'] }, { client_id: undefined, azp: 'portal' }]) {
    expect(await statusOf(acme, await tokenOf(change))).toBe(200)
  }
  expect(acme.backend.seen().length).toBe(3)
  const [first] = acme.backend.seen()
  expect(first?.headers).not.toHaveProperty('authorization')
  const credentials = await acme.credentials('app')
  expect([credentials.clientId, credentials.clientSecret]).toEqual(['portal', ''])
})

test('a client without a subscription may use what every token opens, and nothing else', async () => {
  const stranger = await tokenOf({ client_id: 'stranger' })
  expect(await statusOf(acme, stranger)).toBe(403)
  expect(await statusOf(acme, stranger, '/open/1')).toBe(200)
  // The first claim that a token has counts, whatever the others say.
  expect(await statusOf(acme, await tokenOf({ azp: 'stranger' }))).toBe(403)
})

test("S-050 a token of another tenant is refused at this one's host, and this one's at the other's", async () => {
  const foreign = await globex.token()
  expect(await statusOf(globex, foreign)).toBe(200)
  globex.backend.forget()
  expect(await statusOf(acme, foreign)).toBe(401)
  const realm = (await globex.status()).status.identity
  for (const change of [{}, { aud: realm.audience }, { iss: realm.issuer, aud: realm.audience }]) {
    expect(await statusOf(globex, await tokenOf(change))).toBe(401)
  }
  expect([acme.backend.seen(), globex.backend.seen()]).toEqual([[], []])
})

test('S-047 S-049 a token that is wrong in one claim alone is refused', async () => {
  const now = Math.floor(Date.now() / 1000)
  const wrong = [
    { aud: 'payments' },
    { aud: undefined },
    { iss: `${issuerOf('acme')}/` },
    { iss: issuerOf('globex') },
    { iat: now - 600, exp: now - 120 },
    { exp: undefined },
    { exp: now + 86_400 * 30 },
    { iat: now + 3600, exp: now + 7200 },
  ]
  for (const change of wrong) expect([401, 403]).toContain(await statusOf(acme, await tokenOf(change)))
  expect(await statusOf(acme, await tokenOf({}, { ...makeKey(), kid: key.kid }))).toBe(401)
  expect(acme.backend.seen()).toEqual([])
})

test('an issuer belongs to one tenant: another that names it waits, and serves nothing', async () => {
  const name = scenario.name('thief')
  const identity = { ...ownIdentity('acme'), displayName: name, deletionPolicy: 'Delete' }
  const manifest = { apiVersion: 'bulkhead.dev/v1alpha1', kind: 'Tenant', metadata: { name }, spec: identity }
  await scenario.kubectl.apply([manifest])
  try {
    await scenario.kubectl.run([
      'wait',
      '--for=jsonpath={.status.conditions[?(@.type=="IdentityReady")].reason}=IssuerNotGranted',
      '--timeout=60s',
      `tenant/${name}`,
    ])
    const answer = await scenario.client.send({
      host: `${name}.${scenario.baseDomain}`,
      path: '/',
      token: await tokenOf(),
    })
    expect([401, 404, 503]).toContain(answer.status)
  } finally {
    await scenario.kubectl.run(['delete', 'tenant', name, '--timeout=120s'])
  }
})

test('F-46 an issuer that is away changes nothing', async () => {
  const asked = issuer.seen.length
  issuer.answer((response) => response.writeHead(500).end())
  await eventually(() => expect(issuer.seen.length).toBeGreaterThan(asked + 2))
  expect(await statusOf(acme, await tokenOf())).toBe(200)
  publish(key)
})

test('a rotation at the issuer is picked up: the new key opens, and then the old one does not', async () => {
  const [old, next] = [key, makeKey()]
  publish(old, next)
  await eventually(async () => expect(await statusOf(acme, await tokenOf({}, next))).toBe(200))
  expect(await statusOf(acme, await tokenOf({}, old))).toBe(200)
  publish(next)
  await eventually(async () => expect(await statusOf(acme, await tokenOf({}, old))).toBe(401))
  key = next
  expect(await statusOf(acme, await tokenOf())).toBe(200)
})

test('a suspended tenant is shut, and opens again', async () => {
  const suspend = (suspended: boolean) =>
    scenario.kubectl.run(['patch', 'tenant', acme.name, '--type=merge', '-p', JSON.stringify({ spec: { suspended } })])
  await suspend(true)
  await eventually(async () => expect(await statusOf(acme, await tokenOf())).toBe(403))
  await suspend(false)
  await eventually(async () => expect(await statusOf(acme, await tokenOf())).toBe(200))
})
