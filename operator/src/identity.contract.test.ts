import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { answerJson, startTestIssuer } from '@bulkhead/identity/testing'
import type { TestIssuer } from '@bulkhead/identity/testing'
import { namespaceOf } from '@bulkhead/tenancy'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { namespaceKind, secretKind } from './kubernetes/kinds.ts'
import { secretBody } from './kubernetes/secrets.ts'
import type { Parts } from './parts.ts'
import { accountTests, passwordTests } from './testing/identity/account-tests.ts'
import { createIdentitySubject } from './testing/identity/subject.ts'
import type { IdentitySubject, RealmInput } from './testing/identity/subject.ts'
import { makePerson, isSignedBy, kidOf } from './testing/realm/calls.ts'
import { logIn } from './testing/realm/person.ts'
import { startWorld } from './testing/world.ts'
import type { World } from './testing/world.ts'
import { applyIdentityStep } from './walls/identity/apply.ts'
import { observeIdentity } from './walls/identity/observe.ts'
import type { SeenIdentity } from './walls/identity/observed.ts'
import { planIdentity } from './walls/identity/plan.ts'
import { rotateKeysAnnotation } from './walls/identity/wanted.ts'

// The wall alone against a real Keycloak, look by look, with the time in our hands.
const signal = AbortSignal.timeout(3_600_000)
// Filled before the first test: the tests are named before anything runs.
const subject = {} as IdentitySubject
let world: World
let parts: Parts
let issuer: TestIssuer

beforeAll(async () => {
  issuer = await startTestIssuer()
  const issuerCaFile = join(tmpdir(), `bulkhead-issuer-${process.pid}.pem`)
  await writeFile(issuerCaFile, issuer.caCert)
  world = await startWorld({ issuerCaFile })
  Object.assign(subject, createIdentitySubject(world))
  parts = subject.parts
}, 300_000)
afterAll(async () => {
  await world.stop()
  await issuer.stop()
})

const jwksOf = ({ keys }: SeenIdentity): string => (keys?.ok === true ? keys.jwks : '')

const wantedOf = (input: RealmInput) => subject.wantedOf(input)
const realmOf = (name: string) => subject.realmOf(name)
const settle = (input: RealmInput) => subject.settle(input)
const bootstrap = (method: string, path: string, body?: object) => subject.bootstrap(method, path, body)

test('a realm is whole after one step, and a second look finds nothing to do', async () => {
  const first = await settle({ name: 'acme' })
  expect(first.steps).toEqual(['create-realm'])
  expect((await settle({ name: 'acme', jwks: jwksOf(first.seen) })).steps).toEqual([])
  expect(await bootstrap('GET', realmOf('acme'))).toMatchObject({
    ...{ sslRequired: 'external', registrationAllowed: false, bruteForceProtected: true, failureFactor: 10 },
    ...{ accessTokenLifespan: 300, ssoSessionIdleTimeout: 1800, ssoSessionMaxLifespan: 36_000 },
    ...{ revokeRefreshToken: true, eventsEnabled: true, adminEventsEnabled: true, browserFlow: 'browser' },
    passwordPolicy: 'length(12) and notUsername(undefined) and notEmail(undefined) and passwordHistory(5)',
  })
})

test('S-176 what somebody loosens is put back, and what the tenant made stays', async () => {
  const realm = realmOf('acme')
  const user = { username: 'erin', enabled: true, email: 'erin@acme.test' }
  await bootstrap('POST', `${realm}/users`, user)
  await bootstrap('POST', `${realm}/groups`, { name: 'buyers' })
  const theirs = { loginTheme: 'keycloak', internationalizationEnabled: true, supportedLocales: ['de'] }
  const loosened = {
    ...{ ssoSessionMaxLifespan: 9_999_999, passwordPolicy: 'length(1)', bruteForceProtected: false },
    ...{ revokeRefreshToken: false, adminEventsEnabled: false, browserFlow: 'direct grant', sslRequired: 'none' },
  }
  await bootstrap('PUT', realm, { ...theirs, ...loosened })
  const clients = z
    .array(z.looseObject({ id: z.string() }))
    .parse(await bootstrap('GET', `${realm}/clients?clientId=admin-cli`))
  await bootstrap('PUT', `${realm}/clients/${clients[0]?.id}`, { enabled: true, directAccessGrantsEnabled: true })
  const components = z
    .array(z.looseObject({ id: z.string(), providerId: z.string(), subType: z.string().optional() }))
    .parse(await bootstrap('GET', `${realm}/components`))
  for (const one of components.filter(({ providerId }) => providerId === 'trusted-hosts')) {
    if (one.subType === 'anonymous') await bootstrap('DELETE', `${realm}/components/${one.id}`)
    else await bootstrap('PUT', `${realm}/components/${one.id}`, { ...one, config: { 'trusted-hosts': ['127.0.0.1'] } })
  }
  const executions = z
    .array(z.looseObject({ id: z.string(), providerId: z.string().optional() }))
    .parse(await bootstrap('GET', `${realm}/authentication/flows/bulkhead-browser/executions`))
  const otp = executions.find(({ providerId }) => providerId === 'auth-otp-form')
  await bootstrap('DELETE', `${realm}/authentication/executions/${otp?.id}`)
  const { steps } = await settle({ name: 'acme' })
  // A busy Keycloak may show a flow as it was for a moment after its repair, and then it is repaired once more.
  expect(new Set(steps)).toEqual(new Set(['repair-flow', 'repair-policy', 'shut-unused-client', 'update-realm']))
  expect(await bootstrap('GET', realm)).toMatchObject({
    ...theirs,
    ...{ ssoSessionMaxLifespan: 36_000, bruteForceProtected: true, browserFlow: 'browser', sslRequired: 'external' },
  })
  expect(await bootstrap('GET', `${realm}/users?username=erin`)).toMatchObject([user])
  expect(await bootstrap('GET', `${realm}/groups`)).toMatchObject([{ name: 'buyers' }])
})

test('nobody registers a client, with a token for it or without', async () => {
  const realm = realmOf('acme')
  const { token } = z
    .object({ token: z.string() })
    .parse(await bootstrap('POST', `${realm}/clients-initial-access`, { count: 1, expiration: 600 }))
  const register = (headers: Readonly<Record<string, string>>) =>
    fetch(`${world.keycloak.url}/realms/${realm}/clients-registrations/openid-connect`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ redirect_uris: ['https://evil.test/'] }),
    })
  expect((await register({})).status).toBe(403)
  expect((await register({ authorization: `Bearer ${token}` })).status).toBe(403)
})

test('S-175 a realm whose owner changed after the look is not written to', async () => {
  const wanted = wantedOf({ name: 'acme' })
  const realm = realmOf('acme')
  const before = z.looseObject({ attributes: z.record(z.string(), z.string()) }).parse(await bootstrap('GET', realm))
  const foreign = { ...before.attributes, 'bulkhead.dev/tenant-uid': 'somebody' }
  await bootstrap('PUT', realm, { attributes: foreign })
  const at = { parts, owner: wanted.owner, wanted: wanted.identity }
  for (const step of [
    { wall: 'identity', kind: 'update-realm', fields: { displayName: 'taken' } },
    { wall: 'identity', kind: 'set-enabled', enabled: false },
    { wall: 'identity', kind: 'restore-account' },
  ] as const) {
    await expect(applyIdentityStep(at, step, signal)).rejects.toThrow("it is not this tenant's")
  }
  expect((await settle({ name: 'acme' })).seen.realm.kind).toBe('foreign')
  await bootstrap('PUT', realm, { attributes: before.attributes })
  expect(await bootstrap('GET', realm)).toMatchObject({ enabled: true, displayName: 'Acme' })
})

accountTests(subject)
passwordTests(subject)

test('a second factor that is required is set up before the first login ends, and asked for at each one after', async () => {
  const { url } = world.keycloak
  const realm = realmOf('acme')
  const person = { username: 'frank', password: 'a-long-password-1' }
  await makePerson(world.keycloak, realm, person)
  expect((await logIn(url, realm, person)).kind).toBe('token')
  expect((await settle({ name: 'acme', realm: { mfa: 'Required' } })).steps).toEqual(['update-realm'])
  const asked = await logIn(url, realm, person)
  expect(asked.kind).toBe('asked-to-set-up')
  if (asked.kind === 'asked-to-set-up') expect((await asked.finish()).kind).toBe('token')
  expect((await logIn(url, realm, person)).kind).toBe('asked-for-code')
  expect((await settle({ name: 'acme' })).steps).toEqual(['update-realm'])
})

test('a key that rotates leaves every token valid, before, between and after', async () => {
  const name = 'globex'
  let told = jwksOf((await settle({ name })).seen)
  const realm = realmOf(name)
  await bootstrap('POST', `${realm}/clients`, { clientId: 'app', secret: 'app-secret', serviceAccountsEnabled: true })
  const token = async (): Promise<string> => {
    const form = { grant_type: 'client_credentials', client_id: 'app', client_secret: 'app-secret' }
    const address = `${world.keycloak.url}/realms/${realm}/protocol/openid-connect/token`
    const answer = await fetch(address, { method: 'POST', body: new URLSearchParams(form) })
    return z.object({ access_token: z.string() }).parse(await answer.json()).access_token
  }
  const look = async (annotations = {}) => {
    const { steps, seen } = await settle({ name, annotations, jwks: told })
    return { steps, jwks: jwksOf(seen) }
  }
  const before = await token()
  expect((await look()).steps).toEqual([])
  const asked = { [rotateKeysAnnotation]: 'now' }
  const published = await look(asked)
  expect(published.steps).toEqual(['publish-key'])
  // The status has not got it: nothing goes on, however long it takes.
  subject.time.offsetMs += 3_600_000
  expect((await look(asked)).steps).toEqual([])
  expect(kidOf(await token())).toBe(kidOf(before))
  told = published.jwks
  expect((await look(asked)).steps).toEqual(['confirm'])
  subject.time.offsetMs += 400_000
  expect((await look(asked)).steps).toEqual([])
  const during = await token()
  expect([isSignedBy(before, told), isSignedBy(during, told)]).toEqual([true, true])
  subject.time.offsetMs += 201_000
  expect((await look(asked)).steps).toEqual(['promote', 'retire'])
  const after = await token()
  expect(kidOf(after)).not.toBe(kidOf(during))
  // What the data plane had before the switch verifies all of them.
  expect([before, during, after].map((one) => isSignedBy(one, told))).toEqual([true, true, true])
  subject.time.offsetMs += (300 + 36_000 - 900) * 1000
  expect((await look(asked)).steps).toEqual([])
  expect(isSignedBy(during, (await look(asked)).jwks)).toBe(true)
  subject.time.offsetMs += 901_000
  expect((await look(asked)).steps).toEqual(['disable', 'remove-key'])
  const last = (await look(asked)).jwks
  expect([isSignedBy(during, last), isSignedBy(after, last)]).toEqual([false, true])
  subject.time.offsetMs += 90 * 86_400_000
  expect((await look(asked)).steps).toEqual(['publish-key'])
})

test('S-178 a federated provider is told to Keycloak by checked addresses alone, and follows the spec', async () => {
  const name = 'initech'
  await settle({ name })
  const realm = realmOf(name)
  const { owner } = wantedOf({ name })
  const { admin } = world
  await admin.create(namespaceKind, { metadata: { name: namespaceOf(owner.name) } })
  const federation = [
    { alias: 'corp', issuer: issuer.url, clientID: 'bulkhead', secretRef: { name: 'corp', key: 'client-secret' } },
  ]
  const bound: Parts = { ...parts, kubernetes: admin }
  const look = async (realmSpec: object) => {
    const wanted = wantedOf({ name, realm: realmSpec })
    const seen = await observeIdentity(bound, owner, wanted.identity, signal)
    const planned = planIdentity(wanted.identity, seen)
    for (const step of planned) await applyIdentityStep({ parts: bound, owner, wanted: wanted.identity }, step, signal)
    const problems = seen.realm.kind === 'open' ? seen.realm.federation.problems : []
    return {
      steps: planned.map(({ kind }) => kind),
      problems: problems.map(({ field, reason }) => `${field} ${reason}`),
    }
  }
  const field = 'spec.identity.realm.federation[0]'
  expect(await look({ federation })).toEqual({ steps: [], problems: [`${field}.secretRef SecretNotFound`] })
  await admin.create(
    secretKind,
    secretBody({ name: 'corp', namespace: namespaceOf(owner.name) }, { 'client-secret': 'theirs' }),
  )
  const keys = JSON.parse(jwksOf((await settle({ name })).seen)) as unknown
  const document = {
    ...{ issuer: issuer.url, authorization_endpoint: `${issuer.url}/auth`, token_endpoint: `${issuer.url}/token` },
    jwks_uri: `${issuer.url}/jwks`,
  }
  let said: object = { ...document, token_endpoint: 'https://10.0.0.1/token' }
  issuer.answer((response) => answerJson(issuer.seen.at(-1)?.includes('/jwks') === true ? keys : said)(response))
  expect(await look({ federation })).toEqual({ steps: [], problems: [`${field}.issuer IssuerInvalid`] })
  said = { ...document, issuer: 'https://other.test' }
  expect(await look({ federation })).toEqual({ steps: [], problems: [`${field}.issuer IssuerInvalid`] })
  said = document
  expect(await look({ federation })).toEqual({ steps: ['create-provider'], problems: [] })
  expect(await look({ federation })).toEqual({ steps: [], problems: [] })
  const instance = `${realm}/identity-provider/instances/corp`
  expect(await bootstrap('GET', instance)).toMatchObject({
    ...{ trustEmail: false, storeToken: false, enabled: true },
    config: { jwksUrl: `${issuer.url}/jwks`, tokenUrl: `${issuer.url}/token`, validateSignature: 'true' },
  })
  await bootstrap('PUT', instance, {
    alias: 'corp',
    providerId: 'oidc',
    trustEmail: true,
    config: { 'bulkhead.dev/made': 'true' },
  })
  await bootstrap('POST', `${instance}/mappers`, {
    ...{ name: 'evil', identityProviderAlias: 'corp', identityProviderMapper: 'oidc-hardcoded-role-idp-mapper' },
    config: { role: 'realm-management.realm-admin', syncMode: 'INHERIT' },
  })
  expect((await look({ federation })).steps).toEqual(['clear-provider-mappers', 'update-provider'])
  expect(await look({ federation, mfa: 'Required' })).toEqual({
    steps: ['update-provider', 'update-realm'],
    problems: [],
  })
  // Away for a while takes nothing away.
  issuer.answer((response) => response.writeHead(503).end())
  expect(await look({ federation, mfa: 'Required' })).toEqual({ steps: [], problems: [] })
  expect((await look({ mfa: 'Required' })).steps).toEqual(['delete-provider'])
})
