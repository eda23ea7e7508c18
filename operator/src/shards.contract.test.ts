import { findCondition, kinds } from '@bulkhead/crds'
import { startKeycloakDouble } from '@bulkhead/identity/testing'
import type { KeycloakDouble } from '@bulkhead/identity/testing'
import { startFaultProxy } from '@bulkhead/runtime/testing'
import type { FaultProxy } from '@bulkhead/runtime/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TenantFacts } from './facts.ts'
import { readTenant } from './facts.ts'
import { startOperatorProcess } from './testing/process.ts'
import type { OperatorProcess, ProcessOptions } from './testing/process.ts'
import { stepsIn } from './testing/steps.ts'
import type { Steps } from './testing/steps.ts'
import { startWorld } from './testing/world.ts'
import type { World } from './testing/world.ts'

// An operator as it is shipped, with two Keycloaks and two databases, through changes of its configuration. The second
// database is reached through a network that misbehaves when told to. The tests tell one story, in this order.
const walls = ['Granted', 'NamespaceReady', 'IdentityReady', 'DatabaseReady']
const patient = { timeout: 60_000, interval: 100 }

let world: World
let steps: Steps
let secondKeycloak: KeycloakDouble
let second: string
let proxy: FaultProxy
let operator: OperatorProcess | undefined

beforeAll(async () => {
  world = await startWorld({ keycloak: 'double' })
  steps = stepsIn(world)
  second = await world.postgres.createDatabase('second')
  secondKeycloak = await startKeycloakDouble()
  proxy = await startFaultProxy(`tcp://127.0.0.1:${world.postgres.port}`)
}, 600_000)

afterAll(async () => {
  await operator?.end()
  await Promise.all([secondKeycloak.stop(), proxy.stop()])
  await world.stop()
})

/** Ends the operator, and starts one with another configuration, which remembers nothing. */
async function restart(options: ProcessOptions): Promise<OperatorProcess> {
  await operator?.end()
  operator = await startOperatorProcess(world, { resyncSeconds: 2, ...options })
  return operator
}

function both(maxRealms: number, maxSchemas: number): ProcessOptions {
  return {
    keycloakShards: [{ name: 'second', keycloak: secondKeycloak, maxRealms }],
    databaseShards: [{ name: 'second', database: second, port: proxy.port, maxSchemas }],
  }
}

const tenantOf = async (name: string): Promise<TenantFacts> =>
  readTenant(await world.admin.get({ kind: kinds.tenant, name })).object

function reasonsOf({ status }: TenantFacts, types: readonly string[]): readonly (string | undefined)[] {
  return types.map((type) => findCondition(status?.conditions, type)?.reason)
}

/** Waits until these conditions have this reason. */
async function because(name: string, reason: string, types: readonly string[]): Promise<TenantFacts> {
  await expect.poll(async () => reasonsOf(await tenantOf(name), types), patient).toEqual(types.map(() => reason))
  return tenantOf(name)
}

function placesOf({ status }: TenantFacts): readonly (string | undefined)[] {
  return [status?.identity?.shard, status?.database?.shard]
}

async function schemasOn(database: string): Promise<readonly unknown[]> {
  const rows = await world.postgres.query(
    `SELECT nspname FROM pg_namespace WHERE nspname ~ '^(tenant|retained)_' ORDER BY 1`,
    database,
  )
  return rows.map(({ nspname }) => nspname)
}

const messageOf = ({ status }: TenantFacts, type: string): string =>
  findCondition(status?.conditions, type)?.message ?? ''

test('with one of each, and room for one, the second tenant waits and is told so; unknown names are told too', async () => {
  await restart({ maxRealms: 1, maxSchemas: 1 })
  await steps.createTenant('one')
  expect(placesOf(await steps.tenantWith('one', 'True', walls))).toEqual(['default', 'default'])
  await steps.createTenant('two', { deletionPolicy: 'Delete' })
  const asked = { identity: { realm: { shard: 'second' } }, database: { shard: 'second' } }
  await steps.createTenant('three', { deletionPolicy: 'Retain', ...asked })
  const two = await because('two', 'ShardFull', ['IdentityReady', 'DatabaseReady'])
  expect(messageOf(two, 'DatabaseReady')).toContain('Every Postgres holds as many schemas as it may')
  expect(placesOf(two)).toEqual([undefined, undefined])
  const three = await because('three', 'ShardUnknown', ['IdentityReady', 'DatabaseReady'])
  expect(messageOf(three, 'DatabaseReady')).toBe('spec.database.shard: there is no Postgres "second"')
  // What does not need a shard is built all the same, and both say that a person must act.
  for (const name of ['two', 'three']) {
    const stalled = await steps.tenantWith(name, 'True', ['Granted', 'NamespaceReady', 'Stalled'])
    expect(reasonsOf(stalled, ['Reconciling'])).toEqual([undefined])
  }
  expect(await schemasOn(world.postgres.database)).toHaveLength(1)
})

test('more servers are room for who waited: each wall is on the shard that the status names, and nowhere else', async () => {
  await restart({ maxRealms: 1, maxSchemas: 1, ...both(2, 2) })
  for (const name of ['two', 'three']) {
    const tenant = await steps.tenantWith(name, 'True', walls)
    expect(placesOf(tenant)).toEqual(['second', 'second'])
    const { id, realm } = await steps.factsOf(name)
    expect(tenant.status?.identity?.issuer).toBe(`${secondKeycloak.url}/realms/${realm}`)
    expect(secondKeycloak.realms()).toContain(realm)
    expect(world.double?.realms()).not.toContain(realm)
    expect(await schemasOn(second)).toContain(`tenant_${id}`)
    expect(await schemasOn(world.postgres.database)).not.toContain(`tenant_${id}`)
    const client = await steps.login(id)
    expect((await client.query<{ name: string }>('SELECT current_database() AS name')).rows).toEqual([{ name: second }])
    await client.end()
  }
  await steps.createTenant('four')
  await because('four', 'ShardFull', ['IdentityReady', 'DatabaseReady'])
})

test('a larger cap lets in who waits; nobody that has a place moves, whatever the spec says later', async () => {
  await restart({ maxRealms: 100, maxSchemas: 100, ...both(100, 2) })
  const told = async () => (await operator?.page('/metrics'))?.text ?? ''
  await expect.poll(told, patient).toContain('bulkhead_operator_shard_placed{wall="identity",shard="second"} 2')
  expect(await told()).toContain('bulkhead_operator_shard_capacity{wall="database",shard="second"} 2')
  expect(placesOf(await steps.tenantWith('four', 'True', walls))).toEqual(['default', 'default'])
  await steps.changeTenant('two', { identity: { realm: { shard: 'default' } }, database: { shard: 'default' } })
  expect(placesOf(await steps.tenantWith('two', 'True', walls))).toEqual(['second', 'second'])
  expect(await schemasOn(second)).toHaveLength(2)
})

async function limitOf(name: string): Promise<unknown> {
  const { id } = await steps.factsOf(name)
  const [row] = await world.postgres.query(`SELECT rolconnlimit FROM pg_roles WHERE rolname = 'tenant_${id}'`)
  return row?.['rolconnlimit']
}

test('F-51 a shard that is away harms its own tenants only, and they go on by themselves when it is back', async () => {
  proxy.set({ kind: 'reset' })
  await steps.changeTenant('two', { database: { connectionLimit: 7 } })
  await because('two', 'DatabaseUnavailable', ['DatabaseReady'])
  await steps.changeTenant('one', { database: { connectionLimit: 9 } })
  await steps.createTenant('five', { database: { shard: 'default' } })
  await steps.tenantWith('five', 'True', walls)
  await steps.tenantWith('one', 'True', walls)
  expect([await limitOf('one'), await limitOf('two')]).toEqual([9, 20])
  // Its other wall, on servers that are there, is kept as it should be.
  await steps.tenantWith('two', 'True', ['Granted', 'NamespaceReady', 'IdentityReady'])
  proxy.set({ kind: 'pass' })
  await steps.tenantWith('two', 'True', walls)
  expect(await limitOf('two')).toBe(7)
})

test('suspended, a tenant of the second shard is shut out there', async () => {
  const { id } = await steps.factsOf('two')
  await steps.changeTenant('two', { suspended: true })
  await because('two', 'Suspended', ['IdentityReady', 'DatabaseReady'])
  await expect(steps.login(id)).rejects.toThrow('is not permitted to log in')
  await steps.changeTenant('two', { suspended: false })
  await steps.tenantWith('two', 'True', walls)
})

test('a shard that leaves the configuration is named in the status, and a deletion waits for it and forgets nothing', async () => {
  await restart({ maxRealms: 100, maxSchemas: 100 })
  const two = await because('two', 'ShardUnknown', ['IdentityReady', 'DatabaseReady'])
  expect(messageOf(two, 'DatabaseReady')).toContain('The schema is on Postgres "second", which the platform')
  expect(placesOf(two)).toEqual(['second', 'second'])
  await steps.tenantWith('one', 'True', walls)
  const { id, realm } = await steps.factsOf('two')
  await world.admin.delete({ kind: kinds.tenant, name: 'two' })
  await expect
    .poll(async () => messageOf(await tenantOf('two'), 'Ready'), patient)
    .toContain('it is on Postgres "second", which the configuration does not name any more')
  expect(messageOf(await tenantOf('two'), 'Ready')).toContain('it is on Keycloak "second"')
  expect([await schemasOn(second), secondKeycloak.realms()]).toEqual([
    expect.arrayContaining([`tenant_${id}`]),
    expect.arrayContaining([realm]),
  ])
  // The registry knows it too, should the status not say it any more.
  const silent = { type: 'merge', body: { status: { identity: null, database: null } } } as const
  await operator?.end()
  await world.admin.patch({ kind: kinds.tenant, name: 'two' }, silent, { subresource: 'status' })
  const next = await restart({ maxRealms: 100, maxSchemas: 100 })
  await expect.poll(() => next.output(), patient).toContain('it is on Postgres \\"second\\"')
  await restart({ maxRealms: 100, maxSchemas: 100, ...both(100, 2) })
  await steps.gone('two')
  expect(await schemasOn(second)).not.toContain(`tenant_${id}`)
  expect(secondKeycloak.realms()).not.toContain(realm)
})

test('what is kept of a deleted tenant takes room on its shard, and whoever takes it up is placed there', async () => {
  const { id } = await steps.factsOf('three')
  await restart({ maxRealms: 100, maxSchemas: 100, ...both(100, 1) })
  await world.admin.delete({ kind: kinds.tenant, name: 'three' })
  await steps.gone('three')
  expect(await schemasOn(second)).toEqual([`retained_${id}`])
  const [record] = await world.postgres.query('SELECT * FROM public.retained', world.postgres.database)
  expect(record).toMatchObject({ id, identity_shard: 'second', database_shard: 'second' })
  await steps.createTenant('six', { database: { shard: 'second' } })
  await because('six', 'ShardFull', ['DatabaseReady'])
  await steps.createTenant('three', { adopt: { id }, deletionPolicy: 'Delete' })
  expect(placesOf(await steps.tenantWith('three', 'True', walls))).toEqual(['second', 'second'])
  const { id: next } = await steps.factsOf('three')
  expect(await schemasOn(second)).toEqual([`tenant_${next}`])
  // When it goes for good, the one that waits for its room gets it.
  await world.admin.delete({ kind: kinds.tenant, name: 'three' })
  await steps.gone('three')
  expect(placesOf(await steps.tenantWith('six', 'True', walls))[1]).toBe('second')
})

test('an address that leads to another database than the name says is used for nothing', async () => {
  const third = await world.postgres.createDatabase('third')
  const wrong = await restart({
    ...both(100, 5),
    ...{ maxRealms: 100, maxSchemas: 100 },
    databaseShards: [
      { name: 'third', database: second, port: proxy.port, maxSchemas: 5 },
      { name: 'second', database: third, port: proxy.port, maxSchemas: 5 },
    ],
  })
  await expect
    .poll(() => wrong.output(), patient)
    .toContain('as Postgres shard \\"third\\": it is the shard \\"second\\"')
  await steps.createTenant('seven', { database: { shard: 'third' } })
  await because('seven', 'DatabaseUnavailable', ['DatabaseReady'])
  await steps.tenantWith('one', 'True', walls)
  expect(await schemasOn(second)).toHaveLength(1)
})
