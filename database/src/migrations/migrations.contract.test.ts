import { Secret, createMetrics, systemClock } from '@bulkhead/runtime'
import { retainedSchemaOf, roleOf, schemaOf, tenantId } from '@bulkhead/tenancy'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openDatabase } from '../database.ts'
import type { Database } from '../database.ts'
import { prepareRegistry } from '../ledger.ts'
import { createTenantDatabase } from '../tenant-database.ts'
import type { DatabaseTenant, TenantDatabase } from '../tenant-database.ts'
import { createTenantDb } from '../tenant-db/tenant-db.ts'
import { startTestPostgres } from '../testing/postgres.ts'
import type { TestPostgres } from '../testing/postgres.ts'
import { MigrationBusy, MigrationFailed } from './fault.ts'
import { tenantMigrations } from './tenant.ts'

const signal = AbortSignal.timeout(600_000)
const password = new Secret('password')
const settings = { canLogin: true, connectionLimit: 5, password }
const notes = {
  version: tenantMigrations.length + 1,
  name: 'notes',
  statements: ['CREATE TABLE notes (id text)', 'ALTER TABLE audit ADD COLUMN note text'],
}
const next = notes.version

let postgres: TestPostgres
let leaders: readonly [Database, Database]
// The release of before, and two operators of the next.
let old: TenantDatabase
let databases: readonly [TenantDatabase, TenantDatabase]

beforeAll(async () => {
  postgres = await startTestPostgres()
  leaders = [open(), open()]
  await prepareRegistry(leaders[0], postgres.database, signal)
  const migrations = [...tenantMigrations, notes]
  old = createTenantDatabase(leaders[0], postgres.database)
  databases = [
    createTenantDatabase(leaders[0], postgres.database, migrations),
    createTenantDatabase(leaders[1], postgres.database, migrations),
  ]
})

afterAll(async () => {
  await Promise.all(leaders.map((one) => one.close()))
  await postgres.stop()
})

function open(user = postgres.user, secret = postgres.password): Database {
  const { host, port, database } = postgres
  const latency = createMetrics().histogram({ name: 'm', help: 'm', labels: ['call'], buckets: [1] })
  return openDatabase({
    ...{ host, port, database, user, latency, password: new Secret(secret), maxConnections: 4, clock: systemClock },
  })
}

function tenantOf(name: string): DatabaseTenant & { readonly id: ReturnType<typeof tenantId> } {
  const id = tenantId(name)
  return { id, uid: name, schema: schemaOf(id), role: roleOf(id), retainedSchema: retainedSchemaOf(id) }
}

async function standing(name: string) {
  const tenant = tenantOf(name)
  await databases[0].prepare(tenant, { ...settings, version: next - 1 }, signal)
  return tenant
}

const versionOf = async (tenant: DatabaseTenant) => {
  const { schema } = await databases[0].observe(tenant, signal)
  return schema.kind === 'own' ? schema.version : undefined
}
const tables = (tenant: DatabaseTenant) =>
  postgres.query(
    `SELECT table_name FROM information_schema.tables WHERE table_schema = '${tenant.schema}' AND table_name = 'notes'`,
    postgres.database,
  )
const asAdmin = (text: string) => postgres.query(text, postgres.database)

test('a schema that stands keeps its version until it is told to go on, and its role gets the new rows', async () => {
  const tenant = await standing('stands')
  await databases[0].prepare(tenant, settings, signal)
  expect(await versionOf(tenant)).toBe(next - 1)
  await databases[0].migrate(tenant, next, signal)
  expect(await versionOf(tenant)).toBe(next)
  const { host, port, database } = postgres
  const db = createTenantDb({
    loginOf: () => Promise.resolve({ host, port, database, password }),
    applicationName: 'm',
  })
  expect(
    await db.transaction(tenant.id, signal, (tx) =>
      tx.insertInto('audit').values({ actor: 'a', action: 'b' }).returning('id').execute(),
    ),
  ).toHaveLength(1)
  await db.close()
  await databases[0].migrate(tenant, next, signal)
})

test('F-35 a migration that fails leaves nothing, says where, and goes through once it is mended', async () => {
  const tenant = await standing('fails')
  await asAdmin(`ALTER TABLE "${tenant.schema}".audit ADD COLUMN note integer`)
  const failing = databases[0].migrate(tenant, next, signal)
  await expect(failing).rejects.toBeInstanceOf(MigrationFailed)
  await expect(failing).rejects.toMatchObject({
    version: next,
    words: 'statement 2: column "note" of relation "audit" already exists (42701)',
  })
  expect(await versionOf(tenant)).toBe(next - 1)
  expect(await tables(tenant)).toEqual([])
  await asAdmin(`ALTER TABLE "${tenant.schema}".audit DROP COLUMN note`)
  await databases[0].migrate(tenant, next, signal)
  expect(await versionOf(tenant)).toBe(next)
})

test('F-35 two migrators at once make it once', async () => {
  const tenant = await standing('twice')
  await Promise.all([...databases, ...databases].map((one) => one.migrate(tenant, next, signal)))
  const rows = await asAdmin(`SELECT version FROM public.migrations WHERE scope = '${tenant.schema}' ORDER BY version`)
  expect(rows.map(({ version }) => version)).toEqual([next - 1, next])
})

test('F-35 a migrator that dies in the middle leaves nothing half done', async () => {
  const tenant = await standing('dies')
  // Held by somebody else, the second statement waits; there the connection is cut.
  const holder = leaders[1].transaction('hold', signal, async (tx) => {
    await tx
      .withSchema(tenant.schema as 'public')
      .selectFrom('audit' as 'tenants')
      .selectAll()
      .execute()
    const migrating = databases[0].migrate(tenant, next, signal)
    const refused = expect(migrating).rejects.toThrow()
    const waiting = () =>
      asAdmin("SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'ALTER TABLE audit%'")
    await expect.poll(waiting, { timeout: 5_000, interval: 20 }).toHaveLength(1)
    await asAdmin(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'ALTER TABLE audit%'",
    )
    await refused
  })
  await holder
  expect(await versionOf(tenant)).toBe(next - 1)
  expect(await tables(tenant)).toEqual([])
  await databases[0].migrate(tenant, next, signal)
  expect(await versionOf(tenant)).toBe(next)
})

test('F-35 a migration waits two seconds for a table that somebody uses, and then gives way', async () => {
  const tenant = await standing('busy')
  await leaders[1].transaction('hold', signal, async (tx) => {
    await tx
      .withSchema(tenant.schema as 'public')
      .selectFrom('audit' as 'tenants')
      .selectAll()
      .execute()
    const startedMs = performance.now()
    const migrating = databases[0].migrate(tenant, next, signal)
    await expect(migrating).rejects.toBeInstanceOf(MigrationBusy)
    expect(performance.now() - startedMs).toBeLessThan(8_000)
  })
  expect(await versionOf(tenant)).toBe(next - 1)
})

test('F-35 an operator of the release before leaves a newer schema as it is', async () => {
  const tenant = await standing('newer')
  await databases[0].migrate(tenant, next, signal)
  await old.prepare(tenant, settings, signal)
  await old.migrate(tenant, next - 1, signal)
  expect(await versionOf(tenant)).toBe(next)
})

test('a migration that takes away is refused before anything can run', () => {
  const drop = { version: 1, name: 'tidy', statements: ['DROP TABLE audit'] }
  expect(() => createTenantDatabase(leaders[0], postgres.database, [drop])).toThrow('DROP TABLE audit')
})

test('a superuser, and a role that owns nothing, are refused with what to do', async () => {
  const { superuser, database: name } = postgres
  await asAdmin(`CREATE ROLE ${name}_weak LOGIN PASSWORD 'weak'; GRANT CONNECT ON DATABASE ${name} TO ${name}_weak`)
  const [admin, weak] = [open(superuser.user, superuser.password), open(`${name}_weak`, 'weak')]
  await expect(prepareRegistry(admin, name, signal)).rejects.toThrow(`role "${superuser.user}" is a superuser`)
  const role = `"${name}_weak"`
  await expect(prepareRegistry(weak, name, signal)).rejects.toThrow(
    `run ALTER ROLE ${role} CREATEROLE; role ${role} does not own it: run ALTER DATABASE "${name}" OWNER TO ${role}`,
  )
  await Promise.all([admin.close(), weak.close()])
})

test('nobody but the operator makes anything in public or looks into it', async () => {
  const { database: name } = postgres
  const rights = await asAdmin(`
    SELECT has_schema_privilege(role, 'public', 'CREATE') AS makes, has_schema_privilege(role, 'public', 'USAGE') AS looks,
      has_database_privilege(role, '${name}', 'CREATE') AS schemas, has_database_privilege(role, '${name}', 'TEMP') AS temp
    FROM (SELECT '${name}_weak'::text AS role) AS one`)
  expect(rights).toEqual([{ makes: false, looks: false, schemas: false, temp: false }])
})

test('S-166 no function of ours runs with more rights than whoever calls it', async () => {
  const tenant = await standing('functions')
  await databases[0].migrate(tenant, next, signal)
  const functions = await asAdmin(`
    SELECT proname FROM pg_proc JOIN pg_namespace ON pg_namespace.oid = pronamespace
    WHERE nspname NOT IN ('pg_catalog', 'information_schema') AND (prosecdef OR nspname <> 'public')`)
  expect(functions).toEqual([])
})
