import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findCondition, kinds } from '@bulkhead/crds'
import { answerJson, startTestIssuer } from '@bulkhead/identity/testing'
import { realmOf } from '@bulkhead/tenancy'
import { afterAll, expect, test } from 'vitest'
import { readTenant } from './facts.ts'
import type { TenantFacts } from './facts.ts'
import { openWorld } from './testing/open-world.ts'
import { ownerOf } from './walls/owner.ts'

// One world and one story. Keycloak is its double: for these tenants nothing is ever said to it but questions.
const folder = await mkdtemp(join(tmpdir(), 'bulkhead-issuer-'))
const issuer = await startTestIssuer()
afterAll(async () => {
  await issuer.stop()
  await rm(folder, { recursive: true })
})
await writeFile(join(folder, 'ca.crt'), issuer.caCert)
const { world, steps, operator } = await openWorld({ keycloak: 'double', issuerCaFile: join(folder, 'ca.crt') })

const keysOf = (kid: string) => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { keys: [{ ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'ES256' }] }
}
const external = (change: object = {}) => ({
  identity: {
    type: 'External',
    external: { issuer: `${issuer.url}/acme`, audiences: ['orders'], jwksURI: `${issuer.url}/keys`, ...change },
  },
})
issuer.answer(answerJson(keysOf('one')))

const walls = ['Granted', 'NamespaceReady', 'IdentityReady', 'DatabaseReady']
const refOf = (name: string) => ({ kind: kinds.tenant, name })
const subscriptionRef = (name: string) => ({ kind: kinds.subscription, namespace: 'tenant-acme', name })
const reasonOf = (object: Pick<TenantFacts, 'status'>, type: string) =>
  findCondition(object.status?.conditions, type)?.reason

async function tenantWhere(name: string, isDone: (tenant: TenantFacts) => boolean): Promise<TenantFacts> {
  const isThere = (found: unknown): boolean => found !== undefined && isDone(readTenant(found).object)
  return readTenant(await world.until(refOf(name), isThere, 30_000)).object
}

const withKeys = (kid: string) => (tenant: TenantFacts) => tenant.status?.identity?.jwks?.includes(`"${kid}"`) === true

test('a tenant brings its own issuer: its walls stand, its keys are known, and no realm is made', async () => {
  await steps.createTenant('acme', external())
  const built = await steps.tenantWith('acme', 'True', walls)
  expect(built.status?.identity).toEqual({
    ...{ issuer: `${issuer.url}/acme`, audiences: ['orders'] },
    jwks: expect.stringContaining('"one"') as string,
  })
  const owner = ownerOf(built.metadata)
  if (owner === undefined) throw new Error('no owner')
  expect(await world.parts.keycloak.findRealm(realmOf(owner), AbortSignal.timeout(10_000))).toBeUndefined()
  expect(issuer.seen.every((line) => line.startsWith('GET /keys '))).toBe(true)
})

test('an issuer belongs to one tenant, and none of ours to any', async () => {
  await steps.createTenant('globex', external())
  await steps.createTenant('slash', external({ issuer: `${issuer.url}/acme/` }))
  await steps.createTenant('ours', external({ issuer: `${world.keycloak.url.replace('http:', 'https:')}/realms/x` }))
  for (const name of ['globex', 'slash', 'ours']) {
    const refused = await tenantWhere(name, (tenant) => reasonOf(tenant, 'IdentityReady') === 'IssuerNotGranted')
    expect(refused.status?.identity).toBeUndefined()
    expect(JSON.stringify(refused.status)).not.toContain('tenant-acme')
  }
})

test('S-178 keys are not fetched from where the platform does not allow it', async () => {
  const before = issuer.seen.length
  const attempts = {
    metadata: 'https://169.254.169.254/latest/meta-data/',
    mapped: `https://[::ffff:127.0.0.1]:${issuer.port}/keys`,
    private: 'https://10.0.0.1/keys',
    local: `https://[::1]:${issuer.port}/keys`,
  }
  for (const [name, jwksURI] of Object.entries(attempts)) {
    await steps.createTenant(name, external({ issuer: `https://${name}.example`, jwksURI }))
    const refused = await tenantWhere(name, (tenant) => reasonOf(tenant, 'IdentityReady') === 'IssuerInvalid')
    expect(refused.status?.identity?.jwks).toBeUndefined()
  }
  expect(issuer.seen.slice(before).every((line) => line.endsWith(`127.0.0.1:${issuer.port}`))).toBe(true)
})

test('a rotation at the issuer is picked up', async () => {
  issuer.answer(answerJson(keysOf('two')))
  expect(reasonOf(await tenantWhere('acme', withKeys('two')), 'IdentityReady')).toBe('IdentityReady')
})

test('F-47 an issuer that is down leaves keys and status as they were, also through a restart', async () => {
  const before = await steps.tenantWith('acme', 'True', walls)
  issuer.answer((response) => response.writeHead(500).end())
  const asked = issuer.seen.length
  await operator.restart()
  await steps.createTenant('marker')
  await steps.tenantWith('marker', 'True', walls)
  await expect.poll(() => issuer.seen.length, { timeout: 20_000 }).toBeGreaterThan(asked + 2)
  const after = await steps.tenantWith('acme', 'True', walls)
  expect(after.metadata.resourceVersion).toBe(before.metadata.resourceVersion)
})

test('S-130 keys that cannot be used are told of, and the last good ones stay', async () => {
  issuer.answer((response) => response.writeHead(200, { 'content-type': 'application/json' }).end('<html>'))
  const told = await tenantWhere('acme', (tenant) => reasonOf(tenant, 'IdentityReady') === 'JwksInvalid')
  expect(withKeys('two')(told)).toBe(true)
  issuer.answer(answerJson(keysOf('three')))
  expect(reasonOf(await tenantWhere('acme', withKeys('three')), 'IdentityReady')).toBe('IdentityReady')
})

test('the kind of identity is for life', async () => {
  await expect(steps.changeTenant('acme', { identity: { type: 'Realm', external: null } })).rejects.toThrow('immutable')
  await expect(steps.changeTenant('marker', external())).rejects.toThrow('immutable')
})

async function subscribe(name: string, clientID?: string): Promise<void> {
  await world.admin.create(kinds.subscription, {
    metadata: { namespace: 'tenant-acme', name },
    spec: {
      ...{ toolSetRef: { name: 'orders' }, planRef: { name: 'gold' }, application: { displayName: 'App' } },
      credentials: { secretName: `${name}-credentials`, ...(clientID === undefined ? {} : { clientID }) },
    },
  })
}

test('a Subscription names the client of its application, and the oldest one has it', async () => {
  await steps.publish('tenant-acme', 'acme.gw.test')
  await subscribe('app', 'portal')
  const made = await steps.subscriptionWith(subscriptionRef('app'), 'True', ['Accepted', 'CredentialsReady'])
  expect([made.status?.clientID, made.metadata.finalizers ?? []]).toEqual(['portal', []])
  expect(await steps.secret('tenant-acme', 'app-credentials')).toEqual({
    ...{ 'client-id': 'portal', issuer: `${issuer.url}/acme`, 'base-url': 'https://acme.gw.test/orders' },
  })
  await subscribe('late', 'portal')
  await subscribe('nameless')
  const nameless = await steps.subscriptionWith(subscriptionRef('nameless'), 'False', ['Accepted'])
  expect(findCondition(nameless.status?.conditions, 'Accepted')?.reason).toBe('InvalidSpec')
  // Two of the same second are told apart by their uid.
  const loser = await Promise.race(
    ['app', 'late'].map(async (name) => {
      const refused = await steps.subscriptionWith(subscriptionRef(name), 'False', ['Accepted'])
      expect(findCondition(refused.status?.conditions, 'Accepted')?.reason).toBe('Conflict')
      return name
    }),
  )
  const winner = loser === 'app' ? 'late' : 'app'
  await steps.subscriptionWith(subscriptionRef(winner), 'True', ['Accepted', 'CredentialsReady'])
  await world.admin.delete(subscriptionRef(winner))
  await steps.subscriptionWith(subscriptionRef(loser), 'True', ['Accepted', 'CredentialsReady'])
})

test('suspended, such a tenant keeps its issuer; deleted, it asks no Keycloak and leaves the issuer to who waits', async () => {
  await steps.changeTenant('acme', { suspended: true })
  await tenantWhere('acme', (tenant) => reasonOf(tenant, 'Ready') === 'Suspended')
  await steps.changeTenant('acme', { suspended: false })
  await steps.tenantWith('acme', 'True', walls)
  const id = (await steps.tenantWith('acme', 'True', walls)).status?.id ?? ''
  // It asks for the same issuer with a slash behind it, and would be as good a winner.
  await world.admin.delete(refOf('slash'))
  await steps.gone('slash')
  const asked = () => world.double?.calls.filter(({ realm }) => realm?.endsWith(id)).length
  const before = asked()
  await world.admin.delete(refOf('acme'))
  await steps.gone('acme')
  expect(asked(), 'no Keycloak is asked for a realm that never was').toBe(before)
  // Who waits is looked at because of that alone: the next resync is ten minutes away.
  expect((await steps.tenantWith('globex', 'True', walls)).status?.identity?.issuer).toBe(`${issuer.url}/acme`)
})
