import { sql } from 'kysely'
import type { Database, Tx } from './database.ts'
import { quoteIdentifier } from './identifier.ts'

/** What the statements of one role came to since the server began to count. */
export interface RoleFigures {
  readonly role: string
  readonly calls: number
  readonly seconds: number
  readonly rows: number
}

/** What one server tells of its roles' statements. */
export type ServerFigures =
  | { readonly kind: 'told'; readonly roles: readonly RoleFigures[] }
  /** It does not count, or does not answer now. */
  | { readonly kind: 'untold'; readonly why: string }

interface Row {
  readonly role: string
  readonly calls: string
  readonly seconds: number
  readonly rows: string
}

/**
 * Reads the figures of these roles in this database, all in one query. The texts of the statements are not
 * asked for: nobody but a member of `pg_read_all_stats` could read them, and we are none.
 */
export async function readFigures(
  database: Database,
  roles: readonly string[],
  signal: AbortSignal,
): Promise<ServerFigures> {
  return database.read('read figures', signal, async (tx) => {
    const home = await extensionHome(tx)
    if (home === undefined)
      return { kind: 'untold', why: 'pg_stat_statements is not loaded, or not made in the database' }
    const source = sql.raw<Row>(`${quoteIdentifier(home)}.pg_stat_statements(false)`)
    const { rows } = await sql<Row>`
      SELECT rolname AS role, sum(calls)::text AS calls, sum(total_exec_time) / 1000 AS seconds, sum(rows)::text AS rows
      FROM ${source} AS statements JOIN pg_roles ON pg_roles.oid = userid
      WHERE toplevel AND rolname = ANY (${[...roles]})
        AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
      GROUP BY rolname`.execute(tx)
    return {
      kind: 'told',
      roles: rows.map(({ role, calls, seconds, rows: count }) => ({
        ...{ role, calls: Number(calls), seconds, rows: Number(count) },
      })),
    }
  })
}

// Without its library the extension is there and every question an error.
async function extensionHome(tx: Tx): Promise<string | undefined> {
  const { rows } = await sql<{ readonly home: string }>`
    SELECT nspname AS home FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace
    WHERE extname = 'pg_stat_statements'
      AND 'pg_stat_statements.max' IN (SELECT name FROM pg_settings)`.execute(tx)
  return rows[0]?.home
}
