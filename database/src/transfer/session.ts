// transfer: one tenant's rows out of its schema and into it again, over a connection of its own.
import { Socket } from 'node:net'
import { Kysely, PostgresDialect } from 'kysely'
import type { TransactionBuilder } from 'kysely'
import pg from 'pg'
import { tlsOf } from '../database.ts'
import type { DatabaseOptions, Tables, Tx } from '../database.ts'

/** One connection, which copies and asks in the same transaction. */
export interface Session {
  readonly client: pg.Client
  /** One transaction in which nothing is written and everything is seen as it was at the first question. */
  snapshot<T>(work: (tx: Tx) => Promise<T>): Promise<T>
  /** One transaction: all of it happens, or nothing. */
  change<T>(work: (tx: Tx) => Promise<T>): Promise<T>
}

// A copy takes as long as it takes. A session whose client is gone ends within a second, whatever it does. The rest
// fixes how values are written, so that the same rows are the same bytes from every server, in every order of scans.
const settings = {
  search_path: 'pg_catalog',
  statement_timeout: '0',
  lock_timeout: '20s',
  idle_in_transaction_session_timeout: '60s',
  client_connection_check_interval: '500ms',
  synchronize_seqscans: 'off',
  max_parallel_workers_per_gather: '0',
  datestyle: 'ISO,YMD',
  timezone: 'UTC',
  intervalstyle: 'postgres',
  extra_float_digits: '1',
  bytea_output: 'hex',
}

/** Runs `work` over a connection that ends with it: at once when the signal is aborted or `work` throws. */
export async function withSession<T>(
  options: DatabaseOptions,
  signal: AbortSignal,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted()
  const socket = new Socket()
  const client = clientOf(options, socket)
  const leave = (): void => void socket.destroy()
  signal.addEventListener('abort', leave, { once: true })
  try {
    await connect(client, options)
    const result = await work(sessionOf(client))
    await client.end()
    return result
  } catch (error) {
    signal.throwIfAborted()
    throw error
  } finally {
    signal.removeEventListener('abort', leave)
    leave()
  }
}

function clientOf(options: DatabaseOptions, socket: Socket): pg.Client {
  const { host, port, database, user, password } = options
  const client = new pg.Client({
    ...{ host, port, database, user, password: () => password.reveal(), ...tlsOf(options) },
    stream: () => socket,
    connectionTimeoutMillis: 10_000,
    options: Object.entries(settings)
      .map(([name, value]) => `-c ${name}=${value}`)
      .join(' '),
    application_name: 'bulkhead-cli',
  })
  // A connection that breaks is told by the statement under way.
  client.on('error', () => undefined)
  return client
}

async function connect(client: pg.Client, { host, port, database, user }: DatabaseOptions): Promise<void> {
  try {
    await client.connect()
  } catch (cause) {
    throw new Error(`Cannot open the database "${database}" at ${host}:${port} as "${user}"`, { cause })
  }
}

function sessionOf(client: pg.Client): Session {
  const held = Object.assign(client, { release: () => undefined })
  const pool = { connect: () => Promise.resolve(held), end: () => Promise.resolve(), options: {} }
  const kysely = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) })
  return {
    client,
    snapshot: (work) =>
      execute(kysely.transaction().setIsolationLevel('repeatable read').setAccessMode('read only'), work),
    change: (work) => execute(kysely.transaction(), work),
  }
}

// The fault of the work is what is told, not that of the rollback after it: that one fails on a broken connection.
async function execute<T>(transaction: TransactionBuilder<Tables>, work: (tx: Tx) => Promise<T>): Promise<T> {
  const faults: unknown[] = []
  try {
    return await transaction.execute(async (tx) => {
      try {
        return await work(tx)
      } catch (error) {
        faults.push(error)
        throw error
      }
    })
  } catch (error) {
    throw faults.length > 0 ? faults[0] : error
  }
}
