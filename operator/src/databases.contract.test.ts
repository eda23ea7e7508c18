import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { postgresOptions } from '@bulkhead/database'
import { startTestPostgres } from '@bulkhead/database/testing'
import type { TestPostgres } from '@bulkhead/database/testing'
import { LostLeadership, Secret, createMetrics, silentLogger, systemClock } from '@bulkhead/runtime'
import { freePort } from '@bulkhead/runtime/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openDatabaseServers, takeDatabases } from './databases.ts'
import type { DatabaseServers } from './databases.ts'
import { databaseTenantOf } from './walls/database/wanted.ts'
import { ownerOf } from './walls/owner.ts'

// The servers of a configuration, as the operator opens and takes them. No Kubernetes is needed for this.
const signal = AbortSignal.timeout(600_000)
let postgres: TestPostgres
let second: string
let folder: string
const opened: DatabaseServers[] = []

beforeAll(async () => {
  postgres = await startTestPostgres()
  second = await postgres.createDatabase('second')
  folder = await mkdtemp(join(tmpdir(), 'bulkhead-databases-'))
  await writeFile(join(folder, 'password'), postgres.password)
})

afterAll(async () => {
  await Promise.all(opened.map((servers) => servers.close()))
  await postgres.stop()
  await rm(folder, { recursive: true, force: true })
})

async function open(shardPort = postgres.port): Promise<DatabaseServers> {
  const { host, port, database, user } = postgres
  const access = { host, user, passwordFile: join(folder, 'password'), maxConnections: 4 }
  const shards = [{ ...access, name: 'second', port: shardPort, database: second }]
  const config = postgresOptions.parse({ ...access, port, database, shards })
  const latency = createMetrics().histogram({ name: 'l', help: 'l', labels: ['call'], buckets: [1] })
  const servers = await openDatabaseServers(config, { clock: systemClock, latency })
  opened.push(servers)
  return servers
}

const lead = async (holder: string, servers?: DatabaseServers, logger = silentLogger) =>
  takeDatabases(servers ?? (await open()), { holder, demand: () => undefined, logger, signal })

const settings = { canLogin: true, connectionLimit: 3, password: new Secret('s'.repeat(32)) }
const shards = [
  { name: 'default', capacity: 10 },
  { name: 'second', capacity: 10 },
]

function person(name: string) {
  const owner = ownerOf({ name, uid: `uid-${name}` })
  if (owner === undefined) throw new Error(`"${name}" is no tenant name`)
  return { ...owner, wish: 'second', isStanding: false, tenant: databaseTenantOf(owner) }
}

async function hasSchema(database: string, schema: string): Promise<boolean> {
  return (await postgres.query(`SELECT 1 FROM pg_namespace WHERE nspname = '${schema}'`, database)).length === 1
}

test('a schema is made, seen, kept and removed where the registry placed it, by whoever leads', async () => {
  const { tenant, ...who } = person('acme')
  const first = await lead('first')
  expect(await first.placements.place(who, shards, 0, signal)).toEqual({ kind: 'placed', shard: 'second' })
  await first.tenants.prepare(tenant, settings, signal)
  expect([await hasSchema(second, tenant.schema), await hasSchema(postgres.database, tenant.schema)]).toEqual([
    true,
    false,
  ])
  // The next one remembers nothing, and finds it by the registry.
  const next = await lead('next')
  expect(await next.tenants.observe(tenant, signal)).toMatchObject({ role: { kind: 'own' }, schema: { kind: 'own' } })
  await expect(first.tenants.setLogin(tenant, false, signal)).rejects.toThrow(LostLeadership)
  await next.tenants.retain(tenant, signal)
  expect(await hasSchema(second, tenant.retainedSchema)).toBe(true)
  await next.tenants.drop(tenant, signal)
  expect(await hasSchema(second, tenant.retainedSchema)).toBe(false)
})

test('F-51 a shard that is away keeps nobody from leading, and is told of once', async () => {
  const told: unknown[] = []
  const logger = { ...silentLogger, error: (fields: object) => void told.push(fields) }
  const leader = await lead('patient', await open(await freePort()), logger)
  const [here, there] = [person('here'), person('there')]
  await leader.tenants.prepare({ ...here.tenant, shard: 'default' }, settings, signal)
  await expect(leader.tenants.prepare({ ...there.tenant, shard: 'second' }, settings, signal)).rejects.toThrow()
  await expect.poll(() => told).toEqual([expect.objectContaining({ shard: 'second' })])
  await leader.tenants.drop({ ...here.tenant, shard: 'default' }, signal)
})
