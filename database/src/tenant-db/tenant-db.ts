// tenant-db: the only way to a tenant's tables, a transaction in a connection that the tenant's own role opened.
import type { Secret } from '@bulkhead/runtime'
import { roleOf, schemaOf } from '@bulkhead/tenancy'
import type { TenantId } from '@bulkhead/tenancy'
import { Kysely, sql } from 'kysely'
import type { QueryExecutorProvider, Transaction } from 'kysely'
import pg from 'pg'
import { tlsOf } from '../database.ts'
import type { DatabaseAddress } from '../database.ts'
import { quoteIdentifier } from '../identifier.ts'
import { roleConfig } from '../role-config.ts'
import { Connections } from './connections.ts'
import type { ConnectionLimits, Place } from './connections.ts'
import { oneConnection } from './one-connection.ts'
import { plainNames } from './plain-names.ts'
import type { TenantTables } from './tables.ts'

/** What a tenant's transaction can do: its own tables' rows, and nothing that names a schema or takes the check away. */
export type TenantTx = Pick<
  Transaction<TenantTables>,
  'selectFrom' | 'insertInto' | 'updateTable' | 'deleteFrom' | 'mergeInto' | 'with' | 'fn'
> &
  QueryExecutorProvider

/** Where a tenant's schema is, and what opens its role. */
export interface TenantLogin extends DatabaseAddress {
  readonly password: Secret<string>
  /** Authorities in PEM, as for the operator's own connections. */
  readonly trustedCertificates?: string
}

export interface TenantDbOptions extends Partial<ConnectionLimits> {
  /** Asked for every new connection, so that a password that was changed is taken up by itself. */
  readonly loginOf: (tenant: TenantId, signal: AbortSignal) => Promise<TenantLogin>
  /** What the server's list of sessions calls us. */
  readonly applicationName: string
}

/** Tenants' tables, one tenant at a time. */
export interface TenantDb {
  /** Runs `work` in one transaction as the tenant's role, in its schema: all of it happens, or nothing. */
  transaction<T>(tenant: TenantId, signal: AbortSignal, work: (tx: TenantTx) => Promise<T>): Promise<T>
  close(): Promise<void>
}

/**
 * Opens nothing yet. A connection is opened as the tenant's role and never serves another tenant; between two
 * transactions everything that the first may have left in it is discarded.
 */
export function createTenantDb(options: TenantDbOptions): TenantDb {
  const { maxConnections = 16, maxPerTenant = 2 } = options
  const connections = new Connections({ maxConnections, maxPerTenant })
  return {
    transaction: async (tenant, signal, work) => {
      const place = await connections.take(tenant, signal)
      const turn = { place, isClean: false, hasBegun: false }
      const around = { options, connections, signal }
      const wasKept = place.client !== undefined
      // A statement that runs is not waited for: the server ends it when it notices that nobody listens.
      const drop = (): void => void place.client?.end().catch(() => undefined)
      signal.addEventListener('abort', drop, { once: true })
      try {
        return await takeTurn(turn, around, work)
      } catch (error) {
        signal.throwIfAborted()
        if (!wasKept || turn.hasBegun) throw error
        // A kept connection had ended unnoticed, and nothing was done in it.
        drop()
        place.client = undefined
        return await takeTurn(turn, around, work)
      } finally {
        signal.removeEventListener('abort', drop)
        connections.give(place, turn.isClean)
      }
    },
    close: () => connections.close(),
  }
}

interface Turn {
  readonly place: Place
  /** Nothing is left in the connection. */
  isClean: boolean
  hasBegun: boolean
}

interface Around {
  readonly options: TenantDbOptions
  readonly connections: Connections
  readonly signal: AbortSignal
}

async function takeTurn<T>(turn: Turn, around: Around, work: (tx: TenantTx) => Promise<T>): Promise<T> {
  const { place } = turn
  place.client ??= await open(place, around)
  around.signal.throwIfAborted()
  const { client } = place
  try {
    return await runAs(client, place.tenant, (tx) => {
      turn.hasBegun = true
      return work(tx)
    })
  } finally {
    turn.isClean = !around.signal.aborted && (await discardAll(client))
  }
}

async function open(place: Place, { options, connections, signal }: Around): Promise<pg.Client> {
  const { tenant } = place
  const { host, port, database, password, trustedCertificates } = await options.loginOf(tenant, signal)
  const client = new pg.Client({
    ...{ host, port, database, user: roleOf(tenant), application_name: options.applicationName },
    password: () => password.reveal(),
    ...tlsOf({ host, ...(trustedCertificates === undefined ? {} : { trustedCertificates }) }),
    ...{ connectionTimeoutMillis: 10_000, query_timeout: 30_000 },
    options: '-c client_connection_check_interval=1s',
  })
  // A connection that breaks while it is used is told of by its next statement.
  const ended = (): void => {
    if (place.client === client) connections.ended(place)
  }
  client.on('error', ended)
  client.on('end', ended)
  try {
    await client.connect()
  } catch (cause) {
    void client.end().catch(() => undefined)
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`Cannot connect as role "${roleOf(tenant)}": ${why}`, { cause })
  }
  return client
}

async function runAs<T>(client: pg.Client, tenant: TenantId, work: (tx: TenantTx) => Promise<T>): Promise<T> {
  const kysely = new Kysely<TenantTables>({ dialect: oneConnection(client), plugins: [plainNames()] })
  return kysely.transaction().execute(async (tx) => {
    await confine(tx, tenant)
    return work(tx)
  })
}

// The role's own settings say the same, but it can change those for itself.
async function confine(tx: QueryExecutorProvider, tenant: TenantId): Promise<void> {
  const schema = schemaOf(tenant)
  const limits = roleConfig(schema).map((setting) => setting.split('=') as [string, string])
  const all = [...limits.filter(([name]) => name !== 'search_path'), ['search_path', pathOf(schema)] as const]
  const set = all.map(([name, value]) => sql`pg_catalog.set_config(${name}, ${value}, true)`)
  const { rows } = await sql<{ readonly role: string }>`SELECT ${sql.join(set)}, current_user AS role`.execute(tx)
  if (rows[0]?.role !== roleOf(tenant)) throw new Error(`Cannot work as "${roleOf(tenant)}": the server says otherwise`)
}

// A temporary table, which Postgres would look for first, hides none of the schema's.
function pathOf(schema: string): string {
  return `${quoteIdentifier(schema)}, pg_temp`
}

async function discardAll(client: pg.Client): Promise<boolean> {
  try {
    await client.query('DISCARD ALL')
    return true
  } catch {
    return false
  }
}
