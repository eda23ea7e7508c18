import { Secret, createMetrics, systemClock } from '@bulkhead/runtime'
import { retainedSchemaOf, roleOf, schemaOf, tenantId } from '@bulkhead/tenancy'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openDatabase } from '../database.ts'
import type { Database } from '../database.ts'
import { prepareRegistry } from '../ledger.ts'
import { createGrantRegistry } from '../registry.ts'
import { createRetainedRegistry } from '../retained.ts'
import { nameShard } from '../shard-name.ts'
import { createTenantDatabase } from '../tenant-database.ts'
import type { TenantDatabase } from '../tenant-database.ts'
import { startTestPostgres } from '../testing/postgres.ts'
import type { TestPostgres } from '../testing/postgres.ts'
import { listRegistryHoldings, listServerHoldings } from './holdings.ts'
import { findRegistryTraces } from './registry-traces.ts'
import { findServerTraces } from './traces.ts'

// One Postgres and one story, in order: a tenant comes, is retained, is dropped, and each time is looked for.
let postgres: TestPostgres
let database: Database
let tenants: TenantDatabase
const signal = AbortSignal.timeout(600_000)
const uid = '7d0c6a3e-0000-4000-8000-000000000001'
const id = tenantId(uid)
const tenant = { uid, schema: schemaOf(id), role: roleOf(id), retainedSchema: retainedSchemaOf(id) }
const terms = { capacity: 1000, quarantineMs: 60_000, nowMs: Date.parse('2026-11-01T12:00:00Z') }
const nothing = {
  ...{ uid: undefined, role: { kind: 'absent' }, schema: 'absent', retained: 'absent' },
  ledger: { schema: 0, retained: 0 },
}
const traces = () => findServerTraces(database, 'default', id, signal)

beforeAll(async () => {
  postgres = await startTestPostgres()
  const { host, port, user, database: name, password } = postgres
  database = openDatabase({
    ...{ host, port, user, database: name, password: new Secret(password), maxConnections: 4, clock: systemClock },
    latency: createMetrics().histogram({ name: 'postgres_seconds', help: 'x', labels: ['call'], buckets: [1] }),
  })
  await prepareRegistry(database, name, signal)
  await nameShard(database, { name: 'default', installation: undefined }, signal)
  tenants = createTenantDatabase(database, name)
}, 300_000)

afterAll(async () => {
  await database.close()
  await postgres.stop()
})

test('where nothing is, nothing is found', async () => {
  expect(await traces()).toEqual(nothing)
  expect(await findRegistryTraces(database, id, signal)).toEqual({
    ...{ listed: undefined, hosts: [], issuers: [], uid: undefined },
  })
})

test('a tenant that stands is found whole, and what its role has elsewhere with it', async () => {
  await tenants.prepare(tenant, { canLogin: true, connectionLimit: 5, password: new Secret('p'.repeat(43)) }, signal)
  const standing = await traces()
  expect(standing).toMatchObject({ uid, schema: 'own', retained: 'absent', role: { kind: 'own', canLogin: true } })
  expect(standing.role).toMatchObject({ elsewhere: [] })
  expect(standing.ledger.schema).toBeGreaterThan(0)
  await postgres.query(
    `CREATE TABLE public.loose (x int); GRANT SELECT ON public.loose TO ${tenant.role}`,
    postgres.database,
  )
  await postgres.query(`GRANT pg_monitor TO ${tenant.role}`)
  const other = await postgres.createDatabase('other')
  await postgres.query(`GRANT CONNECT ON DATABASE ${other} TO ${tenant.role}`)
  expect((await traces()).role).toMatchObject({
    elsewhere: [`database ${other}`, 'membership in role pg_monitor', 'table public.loose'],
  })
  await postgres.query(`DROP TABLE public.loose`, postgres.database)
  await postgres.query(`REVOKE pg_monitor FROM ${tenant.role}`)
  await postgres.query(`REVOKE CONNECT ON DATABASE ${other} FROM ${tenant.role}`)
})

test('the registry is searched by the id alone, also for what only carries the uid', async () => {
  const registry = createGrantRegistry(database)
  const hosts = ['acme.gw.test', 'api.acme.example']
  const claim = { uid, id, name: 'acme', hosts, ownHost: 'acme.gw.test', guaranteed: 7, issuer: 'https://idp' }
  await registry.claim(claim, terms, signal)
  expect(await findRegistryTraces(database, id, signal)).toMatchObject({
    ...{ uid, listed: { name: 'acme', guaranteed: 7 }, issuers: ['https://idp'] },
    hosts: hosts.map((host) => ({ host, quarantinedUntilMs: undefined })),
  })
  const listed = await listRegistryHoldings(database, signal)
  expect(listed.map(({ what }) => what)).toContain('host "api.acme.example"')
  await registry.release({ uid, ownHost: 'acme.gw.test' }, terms, signal)
  await registry.forget(uid, signal)
  // Nothing but the quarantine is left, and that is found by the uid in it.
  expect(await findRegistryTraces(database, id, signal)).toEqual({
    ...{ uid, listed: undefined, issuers: [] },
    hosts: [{ host: 'api.acme.example', quarantinedUntilMs: terms.nowMs + terms.quarantineMs }],
  })
  expect(await listRegistryHoldings(database, signal)).toEqual([])
})

test('what is retained and what was dropped are told apart', async () => {
  await tenants.retain(tenant, signal)
  expect(await traces()).toMatchObject({ schema: 'absent', retained: 'own', role: { canLogin: false, elsewhere: [] } })
  expect((await listServerHoldings(database, 'default', signal)).map(({ what }) => what)).toEqual([
    `role "${tenant.role}"`,
    `schema "${tenant.retainedSchema}"`,
  ])
  await tenants.drop(tenant, signal)
  expect(await traces()).toEqual(nothing)
})

test("S-193 somebody else's role and schema of the same names are no traces of the tenant", async () => {
  await postgres.query(`CREATE ROLE ${tenant.role}`)
  await postgres.query(`CREATE SCHEMA ${tenant.schema}`, postgres.database)
  expect(await traces()).toMatchObject({ uid: undefined, role: { kind: 'foreign' }, schema: 'foreign' })
  expect(await listServerHoldings(database, 'default', signal)).toEqual([])
})

test('a database that is another shard is not looked into: there everything would be gone', async () => {
  await expect(findServerTraces(database, 'east', id, signal)).rejects.toThrow('is shard "default"')
})

test('S-193 what somebody is purging is taken up by nobody, and what was taken up is not purged', async () => {
  const retained = createRetainedRegistry(database)
  const record = { id, uid, name: 'acme', realm: undefined, identityShard: undefined, databaseShard: undefined }
  await retained.record({ ...record, schema: tenant.retainedSchema }, terms.nowMs, signal)
  expect(await retained.beginPurge(id, signal)).toMatchObject({ isPurged: true, adoptedBy: undefined })
  expect(await retained.beginPurge(id, signal), 'a second time is as good').toMatchObject({ isPurged: true })
  expect(await retained.reserve(id, 'another', signal)).toMatchObject({ isPurged: true, adoptedBy: undefined })
  await retained.forget(id, signal)
  await retained.record({ ...record, schema: tenant.retainedSchema }, terms.nowMs, signal)
  await retained.reserve(id, 'another', signal)
  expect(await retained.beginPurge(id, signal)).toMatchObject({ isPurged: false, adoptedBy: 'another' })
})

test('what a Tenant that goes had reserved is kept for another, and what it had taken up is forgotten', async () => {
  const retained = createRetainedRegistry(database)
  const record = { id, uid, name: 'acme', realm: undefined, identityShard: undefined, databaseShard: undefined }
  await retained.forget(id, signal)
  await retained.record({ ...record, schema: tenant.retainedSchema }, terms.nowMs, signal)
  await retained.reserve(id, 'first', signal)
  await retained.letGo('stranger', signal)
  expect([await retained.isHeldBy('first', signal), await retained.isHeldBy('stranger', signal)]).toEqual([true, false])
  await retained.letGo('first', signal)
  expect(await retained.isHeldBy('first', signal)).toBe(false)
  expect(await retained.reserve(id, 'second', signal)).toMatchObject({ adoptedBy: 'second', adoptedAtMs: undefined })
  await retained.finish(id, terms.nowMs, signal)
  await retained.letGo('second', signal)
  expect(await retained.find(id, signal)).toBeUndefined()
})
