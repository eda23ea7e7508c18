import { CompiledQuery, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely'
import type { DatabaseConnection, Dialect, Driver, QueryResult, TransactionSettings } from 'kysely'
import type pg from 'pg'

/** Kysely over one connection that somebody else opened and closes; it knows of no other. */
export function oneConnection(client: pg.Client): Dialect {
  return {
    createAdapter: () => new PostgresAdapter(),
    createQueryCompiler: () => new PostgresQueryCompiler(),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createDriver: () => driverOf({ executeQuery: (query) => execute(client, query), streamQuery: refuseStream }),
  }
}

function driverOf(connection: DatabaseConnection): Driver {
  const say = async (text: string): Promise<void> => {
    await connection.executeQuery(CompiledQuery.raw(text))
  }
  return {
    init: () => Promise.resolve(),
    acquireConnection: () => Promise.resolve(connection),
    beginTransaction: (_connection, settings) => say(beginningOf(settings)),
    commitTransaction: () => commit(connection),
    rollbackTransaction: () => say('rollback'),
    releaseConnection: () => Promise.resolve(),
    destroy: () => Promise.resolve(),
  }
}

function beginningOf({ accessMode, isolationLevel }: TransactionSettings): string {
  const level = isolationLevel === undefined ? '' : ` isolation level ${isolationLevel}`
  return `start transaction${level}${accessMode === undefined ? '' : ` ${accessMode}`}`
}

// Postgres answers a commit with a rollback when a statement failed before, whoever caught its error.
async function commit(connection: DatabaseConnection): Promise<void> {
  const { rows } = await connection.executeQuery<{ readonly command: string }>(CompiledQuery.raw('commit'))
  if (rows[0]?.command === 'ROLLBACK') throw new Error('Cannot commit: a statement of the transaction failed before')
}

const writes = ['INSERT', 'UPDATE', 'DELETE', 'MERGE']

async function execute<R>(client: pg.Client, { sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
  // One statement at a time: text that brings a second one along is refused by the server.
  const query = { text: sql, values: [...parameters], queryMode: 'extended' }
  const { command, rowCount, rows } = await client.query<R & pg.QueryResultRow>(query)
  if (command === 'COMMIT' || command === 'ROLLBACK') return { rows: [{ command } as R] }
  return writes.includes(command) ? { numAffectedRows: BigInt(rowCount ?? 0), rows } : { rows }
}

function refuseStream(): never {
  throw new Error('Cannot stream from a tenant database: nobody needs it')
}
