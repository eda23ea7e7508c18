import { kinds } from '@bulkhead/crds'
import type { DoubleCall, KeycloakDouble, Verdict } from '@bulkhead/identity/testing'
import { createLogger } from '@bulkhead/runtime'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { eventKind, namespaceKind, networkPolicyKind, roleBindingKind, secretKind } from './kubernetes/kinds.ts'
import type { Parts } from './parts.ts'
import { callAsBootstrap } from './testing/realm/calls.ts'
import { formsOf, leaksIn, storedSecretsOf } from './testing/secret-scan.ts'
import { stepsIn } from './testing/steps.ts'
import type { Steps } from './testing/steps.ts'
import { startWorld, systemNamespace } from './testing/world.ts'
import type { World } from './testing/world.ts'
import { signingKeysIn } from './walls/identity/keys/components.ts'
import { rotateKeysAnnotation } from './walls/identity/wanted.ts'

// A Keycloak that is slow, falls down or refuses, beside the real API server and Postgres. What was logged, counted and told
// meanwhile is looked through for secrets at the end.
let world: World
let double: KeycloakDouble
let steps: Steps
let stopOperator = (): Promise<void> => Promise.resolve()
const lines: string[] = []
const verdicts = new Map<string, (call: DoubleCall) => Verdict>()
const walls = ['Granted', 'NamespaceReady', 'IdentityReady', 'DatabaseReady']

beforeAll(async () => {
  const onCall = (call: DoubleCall): Verdict => {
    const [name] = call.realm?.split('-') ?? []
    return verdicts.get(name ?? '')?.(call) ?? 'pass'
  }
  const logger = createLogger({ name: 'test', level: 'debug', destination: { write: (line) => void lines.push(line) } })
  world = await startWorld({ keycloak: 'double', double: { onCall }, logger })
  if (world.double === undefined) throw new Error('There is no double')
  double = world.double
  steps = stepsIn(world)
  const { settings } = world.parts
  const own: Parts = { ...world.parts, settings: { ...settings, realms: { ...settings.realms, keyOverlapSeconds: 2 } } }
  stopOperator = world.run(undefined, undefined, own)
}, 600_000)

afterAll(async () => {
  await stopOperator()
  await world.stop()
})

const isCreate = ({ route }: DoubleCall) => route === 'POST /admin/realms'
const realmsOf = (name: string) => double.realms().filter((realm) => realm.startsWith(`${name}-`))
const createsOf = (name: string) => double.calls.filter((call) => isCreate(call) && call.realm?.startsWith(`${name}-`))

test('F-49 a realm that is made after nobody waits for it any more is not made twice, and others go on', async () => {
  let slow = 0
  verdicts.set('slow', (call) => {
    if (!isCreate(call) || slow > 0) return 'pass'
    slow += 1
    return 'late'
  })
  await Promise.all(['slow', 'quick'].map((name) => steps.createTenant(name)))
  await Promise.all(['slow', 'quick'].map((name) => steps.tenantWith(name, 'True', walls)))
  expect([realmsOf('slow').length, realmsOf('quick').length]).toEqual([1, 1])
  expect([slow, createsOf('slow').length]).toEqual([1, 1])
})

test.each<[string, Verdict, number]>([
  ['after', 'lose-answer', 1],
  ['before', { status: 502, body: '<html>Bad Gateway</html>', contentType: 'text/html' }, 2],
])(
  'F-50 a Keycloak that restarts %s a realm is in its database leaves one whole realm',
  async (when, broken, creates) => {
    const name = `restart${when}`
    const away = { calls: 0 }
    verdicts.set(name, (call) => {
      if (away.calls === 0) {
        if (!isCreate(call)) return 'pass'
        away.calls = 1
        return broken
      }
      away.calls += 1
      return away.calls > 4 ? 'pass' : { status: 503, body: '', contentType: 'text/html' }
    })
    await steps.createTenant(name)
    await steps.tenantWith(name, 'True', walls)
    expect(realmsOf(name)).toHaveLength(1)
    expect(away.calls).toBeGreaterThan(4)
    expect(createsOf(name)).toHaveLength(creates)
    const { realm } = await steps.factsOf(name)
    const users = await callAsBootstrap(world.keycloak, 'GET', `${realm}/users?username=tenant-admin&exact=true`)
    expect(users).toHaveLength(1)
  },
)

test('an account that lost a role is restored by the first work that needs it', async () => {
  const { realm } = await steps.factsOf('quick')
  const list = async (path: string) =>
    (await callAsBootstrap(world.keycloak, 'GET', `${realm}/${path}`)) as readonly { id: string; name?: string }[]
  const [management] = await list('clients?clientId=realm-management')
  const [account] = await list('users?username=service-account-bulkhead-operator')
  const mapping = `${realm}/users/${account?.id}/role-mappings/clients/${management?.id}`
  const lost = (await list(`clients/${management?.id}/roles`)).filter(({ name }) => name === 'manage-clients')
  await callAsBootstrap(world.keycloak, 'DELETE', mapping, lost)
  await steps.publish('tenant-quick', 'quick.gw.test')
  await steps.subscribe('tenant-quick', 'app')
  const ref = { kind: kinds.subscription, namespace: 'tenant-quick', name: 'app' }
  await steps.subscriptionWith(ref, 'True', ['CredentialsReady'])
  expect(await world.metrics.text()).toMatch(/^bulkhead_operator_accounts_restored_total 1$/m)
  const { items } = await world.admin.listAll(eventKind, { namespace: 'default' })
  const told = z.array(z.looseObject({ reason: z.string() })).parse(items)
  expect(told.filter(({ reason }) => reason === 'AccountRestored')).toHaveLength(1)
})

test('a key that somebody asks for signs when its time has come, whatever the interval of looks', async () => {
  const { realm } = await steps.factsOf('quick')
  const keys = async () => {
    const components = await callAsBootstrap(world.keycloak, 'GET', `${realm}/components`)
    return signingKeysIn(components as Parameters<typeof signingKeysIn>[0]).own
  }
  const [first] = await keys()
  const ref = { kind: kinds.tenant, name: 'quick' }
  await world.admin.patch(ref, { type: 'merge', body: { metadata: { annotations: { [rotateKeysAnnotation]: '1' } } } })
  const patient = { timeout: 60_000, interval: 250 }
  await expect.poll(async () => (await keys()).find(({ id }) => id === first?.id)?.isActive, patient).toBe(false)
  expect((await keys()).filter(({ isActive, priority }) => isActive && priority === 100)).toHaveLength(1)
})

test('what a Tenant reserved and could not take up before it was deleted is there for the next one', async () => {
  const ref = { kind: kinds.tenant, name: 'heir' }
  const { database } = world.postgres
  await steps.createTenant('heir')
  await steps.tenantWith('heir', 'True', walls)
  const { id: kept } = await steps.factsOf('heir')
  const login = await steps.login(kept)
  await login.query(`INSERT INTO audit (actor, action) VALUES ('alice', 'signed')`)
  await login.end()
  await world.admin.delete(ref)
  await steps.gone('heir')
  const heir = () => world.postgres.query(`SELECT adopted_by FROM retained WHERE id = '${kept}'`, database)
  for (const deletionPolicy of ['Delete', 'Retain']) {
    // Taking up the realm is a change of it.
    verdicts.set('heir', ({ route }) => (route === 'PUT /admin/realms/{realm}' ? { status: 503 } : 'pass'))
    await steps.createTenant('heir', { adopt: { id: kept }, deletionPolicy })
    const { uid } = (await world.admin.get(ref)).metadata
    await expect.poll(heir, { timeout: 60_000, interval: 50 }).toEqual([{ adopted_by: uid }])
    await world.admin.delete(ref)
    await steps.gone('heir')
    expect(await heir()).toEqual([{ adopted_by: null }])
  }
  verdicts.delete('heir')
  await steps.createTenant('heir', { adopt: { id: kept } })
  await steps.tenantWith('heir', 'True', walls)
  const { id } = await steps.factsOf('heir')
  const again = await steps.login(id)
  expect((await again.query('SELECT actor FROM audit')).rows).toEqual([{ actor: 'alice' }])
  await again.end()
  const { items } = await world.admin.listAll(secretKind, { namespace: systemNamespace })
  const names = z.array(z.object({ metadata: z.object({ name: z.string() }) })).parse(items)
  const left = names.map(({ metadata }) => metadata.name).filter((name) => name.startsWith('realm-'))
  expect(left).toHaveLength(double.realms().filter((realm) => realm !== 'master').length)
})

test('S-185 no secret stands in a log, a metric, an event or an object that is none', async () => {
  const namespaces = ['tenant-slow', 'tenant-quick', 'tenant-restartafter', 'tenant-restartbefore']
  const stored = await Promise.all([systemNamespace, ...namespaces].map((one) => storedSecretsOf(world.admin, one)))
  const secrets = new Set([...stored.flat(), world.keycloak.clientSecret])
  // Of each tenant two of the realm and one of the database; the invitations hold one of these, the credentials another.
  expect(secrets.size).toBeGreaterThanOrEqual(namespaces.length * 3 + 2)
  const objects = await Promise.all([
    ...[kinds.tenant, namespaceKind].map((kind) => world.admin.listAll(kind)),
    ...namespaces.flatMap((namespace) => {
      const all = [kinds.subscription, kinds.toolSet, kinds.plan, eventKind, roleBindingKind, networkPolicyKind]
      return all.map((kind) => world.admin.listAll(kind, { namespace }))
    }),
    world.admin.listAll(eventKind, { namespace: 'default' }),
  ])
  const texts = { log: lines.join(''), metrics: await world.metrics.text(), objects: JSON.stringify(objects) }
  expect(lines.length).toBeGreaterThan(20)
  for (const [where, text] of Object.entries(texts)) expect(leaksIn(text, secrets), where).toEqual([])
  // The control: each form of each of them would be found.
  for (const secret of secrets) {
    for (const form of formsOf(secret)) expect(leaksIn(`x${form}y`, [secret])).toEqual([secret])
    const inside = Buffer.from(`{"password":"${secret}"}`).toString('base64')
    expect(leaksIn(inside, [secret])).toEqual([secret])
  }
})
