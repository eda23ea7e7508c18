import { Kysely, PostgresDialect, sql } from 'kysely'
import type { Transaction } from 'kysely'
import pg from 'pg'
import { createLoginCheck } from './login-check.ts'
import type { Login } from './login-check.ts'
import type { HistogramMetric, Clock, Secret } from '@bulkhead/runtime'

/** The tables of `public`. */
export interface Tables {
  readonly tenants: {
    readonly uid: string
    readonly id: string
    readonly name: string
    readonly guaranteed: number
    readonly registered_at: Date
    /** Which Keycloak holds the realm; null: there is none of ours, or nobody placed it yet. */
    readonly identity_shard: string | null
    /** Which Postgres holds the schema; null: nobody placed it yet. */
    readonly database_shard: string | null
  }
  readonly hostnames: {
    readonly host: string
    readonly tenant_uid: string
    readonly granted_at: Date
    readonly quarantined_until: Date | null
  }
  readonly retained: {
    readonly id: string
    readonly uid: string
    readonly name: string
    readonly realm: string | null
    readonly identity_shard: string | null
    readonly schema: string
    readonly database_shard: string | null
    readonly retained_at: Date
    readonly adopted_by: string | null
    readonly adopted_at: Date | null
  }
  readonly issuers: {
    readonly issuer: string
    readonly tenant_uid: string
    readonly granted_at: Date
  }
  readonly leadership: {
    readonly only_row: boolean
    /** A bigint, which JavaScript keeps as text. */
    readonly epoch: string
    readonly holder: string
    readonly since: Date
  }
  readonly shard: {
    readonly only_row: boolean
    readonly name: string
    readonly installation: string
  }
  /** One row: the version of tenants' schemas that is on its way. */
  readonly rollout: {
    readonly only_row: boolean
    readonly version: number
    readonly checksum: string
    readonly base: number
    readonly phase: 'canary' | 'tenth' | 'rest' | 'done'
    readonly since: Date
    readonly settled_at: Date | null
  }
  readonly migration_failures: {
    readonly tenant_id: string
    readonly version: number
    readonly words: string
    /** What a person had asked for when it was tried last. */
    readonly request: string | null
    readonly failed_at: Date
  }
  readonly migrations: {
    readonly scope: string
    readonly version: number
    readonly name: string
    readonly checksum: string
    readonly applied_at: Date
  }
}

export type Tx = Transaction<Tables>

export interface DatabaseAddress {
  readonly host: string
  readonly port: number
  readonly database: string
}

export interface DatabaseOptions extends DatabaseAddress {
  readonly user: string
  readonly password: Secret<string>
  /** Asked for every connection where it is there, so that a password that changes needs no restart. */
  readonly readPassword?: () => Promise<Secret<string>>
  readonly maxConnections: number
  /** Authorities in PEM: the connection is encrypted, and the server's certificate is of one of them and names the host. */
  readonly trustedCertificates?: string
  readonly clock: Clock
  readonly latency: HistogramMetric
}

/** The operator's own connections. */
export interface Database {
  /** Runs `work` in one transaction: all of it happens, or nothing. `call` is the metric's label. */
  transaction<T>(call: string, signal: AbortSignal, work: (tx: Tx) => Promise<T>): Promise<T>
  /** Likewise, for looking only: Postgres refuses every write in it, and anybody may do it at any time. */
  read<T>(call: string, signal: AbortSignal, work: (tx: Tx) => Promise<T>): Promise<T>
  /** Whether the server refuses a password for a role, by a login that does nothing; one that opened is believed for hours. */
  refusesPassword(login: Login, signal: AbortSignal): Promise<boolean>
  close(): Promise<void>
}

// A backend that touched a thousand schemas holds tens of megabytes of catalogue: connections are renewed.
const maxUsesOfConnection = 500

export function openDatabase(options: DatabaseOptions): Database {
  const { host, port, database } = options
  const pool = new pg.Pool({
    ...{ host, port, database },
    user: options.user,
    password: async () => (await (options.readPassword?.() ?? options.password)).reveal(),
    ...tlsOf(options),
    max: options.maxConnections,
    maxUses: maxUsesOfConnection,
    connectionTimeoutMillis: 10_000,
    query_timeout: 60_000,
    // Nothing but what is qualified is found, so that no tenant's schema can shadow a name of ours.
    // A process that was stopped in the middle of a transaction must not keep its locks.
    options:
      '-c search_path=pg_catalog -c statement_timeout=55s -c lock_timeout=10s -c idle_in_transaction_session_timeout=10s',
    application_name: 'bulkhead-operator',
  })
  // An idle connection that breaks is replaced at its next use; the pool's error event would end the process.
  pool.on('error', () => undefined)
  // Likewise for one that breaks between two statements of a transaction: the next statement says so.
  pool.on('connect', (client) => client.on('error', () => undefined))
  const kysely = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) })
  const run = async <T>(call: string, signal: AbortSignal, execute: () => Promise<T>): Promise<T> => {
    signal.throwIfAborted()
    const startedMs = options.clock.now()
    try {
      return await execute()
    } finally {
      options.latency.observe((options.clock.now() - startedMs) / 1000, { call })
    }
  }
  const refusesPassword = createLoginCheck({ host, port, database, ...tlsOf(options) }, options.clock)
  return {
    transaction: (call, signal, work) => run(call, signal, () => kysely.transaction().execute(work)),
    read: (call, signal, work) =>
      run(call, signal, () => kysely.transaction().setAccessMode('read only').execute(work)),
    refusesPassword: (login, signal) => run('check password', signal, () => refusesPassword(login, signal)),
    close: () => kysely.destroy(),
  }
}

/** What `pg` is told about TLS; an address has to be named too, or nobody would compare it with the certificate. */
export function tlsOf({ host, trustedCertificates: ca }: Pick<DatabaseOptions, 'host' | 'trustedCertificates'>) {
  return { ssl: ca === undefined ? (false as const) : { ca, host, rejectUnauthorized: true } }
}

/** Runs SQL that holds no value from outside but through `quoteIdentifier` and `quoteLiteral`. */
export async function runStatement(tx: Tx, statement: string): Promise<void> {
  await sql.raw(statement).execute(tx)
}

/** Likewise, one after another and in one round trip; the first that fails is the last, and their answers are not told. */
export async function runStatements(tx: Tx, statements: readonly string[]): Promise<void> {
  await runStatement(tx, statements.join(';\n'))
}
