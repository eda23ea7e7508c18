// What the tests of exports and imports share: a registry with tenants on a real Postgres, and carried rows in memory.
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { Secret, createMetrics, systemClock } from '@bulkhead/runtime'
import { retainedSchemaOf, schemaOf, tenantId } from '@bulkhead/tenancy'
import { openDatabase, runStatement } from '../database.ts'
import type { Database, DatabaseOptions } from '../database.ts'
import { prepareRegistry } from '../ledger.ts'
import { createGrantRegistry } from '../registry.ts'
import { createRetainedRegistry } from '../retained.ts'
import { createTenantDatabase } from '../tenant-database.ts'
import type { DatabaseTenant, TenantDatabase } from '../tenant-database.ts'
import { qualified } from '../transfer/catalog.ts'
import { exportSchema } from '../transfer/export.ts'
import type { SchemaSnapshot, TakeTable } from '../transfer/export.ts'
import type { LoadTable, SchemaLoad } from '../transfer/import.ts'
import { startTestPostgres } from './postgres.ts'
import type { TestPostgres } from './postgres.ts'

/** A Postgres with the registry, and what tests do with tenants in it. */
export interface TransferWorld {
  readonly postgres: TestPostgres
  readonly options: DatabaseOptions
  readonly database: Database
  readonly tenants: TenantDatabase
  /** Registers a tenant and makes its role and schema, at the newest version. */
  tenant(name: string): Promise<DatabaseTenant>
  /** Deletes a tenant and keeps its rows. */
  retain(name: string): Promise<void>
  /** Does `work` while somebody holds a table alone, so that whoever reads it waits. */
  whileLocked(tenant: DatabaseTenant, table: string, work: () => Promise<void>): Promise<void>
  /** Runs SQL as the superuser in the tenants' database. */
  query(text: string): Promise<readonly Readonly<Record<string, unknown>>[]>
  stop(): Promise<void>
}

/** With the tests' Postgres, unless another one is given; `connection` changes how it is reached. */
export async function startTransferWorld(
  given?: TestPostgres,
  connection: Partial<DatabaseOptions> = {},
): Promise<TransferWorld> {
  const postgres = given ?? (await startTestPostgres())
  const { host, port, database: name, user } = postgres
  const latency = createMetrics().histogram({ name: 'l', help: 'l', labels: ['call'], buckets: [1] })
  const password = new Secret(postgres.password)
  const parts = { password, maxConnections: 8, clock: systemClock, latency }
  const options = { host, port, database: name, user, ...parts, ...connection }
  const database = openDatabase(options)
  const signal = AbortSignal.timeout(600_000)
  await prepareRegistry(database, name, signal)
  const tenants = createTenantDatabase(database, name)
  const grants = createGrantRegistry(database)
  const terms = { capacity: 1, quarantineMs: 0, nowMs: Date.now() }
  return {
    ...{ postgres, options, database, tenants },
    tenant: async (tenantName) => {
      const { id, ...tenant } = namesOf(tenantName, name)
      const { uid } = tenant
      const settings = { canLogin: true, connectionLimit: 5, password: new Secret('a-password') }
      const claim = { uid, id, name: tenantName, hosts: [], ownHost: `${tenantName}.gw.test`, guaranteed: 0 }
      await grants.claim(claim, terms, signal)
      await tenants.prepare(tenant, settings, signal)
      return tenant
    },
    retain: async (tenantName) => {
      const { id, ...tenant } = namesOf(tenantName, name)
      const { uid, retainedSchema: schema } = tenant
      const elsewhere = { realm: undefined, identityShard: undefined, databaseShard: undefined }
      await createRetainedRegistry(database).record(
        { id, uid, name: tenantName, schema, ...elsewhere },
        Date.now(),
        signal,
      )
      await tenants.retain(tenant, signal)
      await grants.release({ uid, ownHost: `${tenantName}.gw.test` }, terms, signal)
    },
    whileLocked: (tenant, table, work) =>
      database.transaction('hold a table', signal, async (tx) => {
        await runStatement(tx, 'SET LOCAL idle_in_transaction_session_timeout = 0')
        await runStatement(tx, `LOCK TABLE ${qualified(tenant.schema, table)} IN ACCESS EXCLUSIVE MODE`)
        await work()
      }),
    query: (text) => postgres.query(text, name),
    stop: async () => {
      await database.close()
      await postgres.stop()
    },
  }
}

// Roles are the whole server's: another run's tenants are others.
function namesOf(name: string, database: string): DatabaseTenant & { readonly id: string } {
  const uid = `uid-of-${name}-in-${database}`
  const id = tenantId(uid)
  return { id, uid, schema: schemaOf(id), role: schemaOf(id), retainedSchema: retainedSchemaOf(id) }
}

/** An export in memory: the snapshot and the rows of each table. */
export interface CarriedRows {
  readonly snapshot: SchemaSnapshot
  readonly rows: ReadonlyMap<string, Buffer>
}

/** Exports into memory; `before` runs before each table's rows are read. */
export async function carryOut(
  options: DatabaseOptions,
  owned: DatabaseTenant,
  { before, signal = AbortSignal.timeout(60_000) }: { before?: (table: string) => Promise<void>; signal?: AbortSignal },
): Promise<CarriedRows> {
  const rows = new Map<string, Buffer>()
  const take: TakeTable = async (table, stream) => {
    await before?.(table)
    rows.set(table, await buffer(stream))
  }
  return { snapshot: await exportSchema(options, owned, take, signal), rows }
}

/** The same rows as an import takes them. */
export function loadOf({ snapshot, rows }: CarriedRows, owned: DatabaseTenant): SchemaLoad {
  const tables = snapshot.tables.map((table): LoadTable => {
    const bytes = rows.get(table.name) ?? Buffer.alloc(0)
    return { ...table, rows: linesOf(bytes), open: () => Readable.from([bytes]) }
  })
  return { owned, migrations: snapshot.migrations, tables, doesReplace: false }
}

/** The load with another content of one table. */
export function withRows(load: SchemaLoad, name: string, content: string | Buffer): SchemaLoad {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content
  const tables = load.tables.map((table) =>
    table.name === name ? { ...table, rows: linesOf(bytes), open: () => Readable.from([bytes]) } : table,
  )
  return { ...load, tables }
}

function linesOf(bytes: Buffer): number {
  return bytes.reduce((count, byte) => (byte === 10 ? count + 1 : count), 0)
}
