import { sql } from 'kysely'
import type { Tx } from '../database.ts'
import { quoteIdentifier } from '../identifier.ts'

/** A table as a copy sees it. */
export interface TableShape {
  readonly name: string
  /** Those that hold a value of their own, in the table's order. */
  readonly columns: readonly string[]
  /** Those of them that a sequence counts. */
  readonly counted: readonly string[]
}

/** The tables of a schema, by name. */
export async function tablesOf(tx: Tx, schema: string): Promise<readonly TableShape[]> {
  const { rows } = await sql<{ name: string; columns: string[]; counted: string[] | null }>`
    SELECT c.relname::text AS name, array_agg(a.attname::text ORDER BY a.attnum) AS columns,
      array_agg(a.attname::text ORDER BY a.attnum) FILTER (
        WHERE pg_get_serial_sequence(format('%I.%I', n.nspname, c.relname), a.attname) IS NOT NULL) AS counted
    FROM pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE n.nspname = ${schema} AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    GROUP BY n.nspname, c.relname ORDER BY c.relname::text COLLATE "C"`.execute(tx)
  return rows.map(({ name, columns, counted }) => ({ name, columns, counted: counted ?? [] }))
}

/** A table's name as SQL may hold it. */
export function qualified(schema: string, table: string): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(table)}`
}

/** Names as SQL may hold them in a list. */
export function listed(names: readonly string[]): string {
  return names.map(quoteIdentifier).join(', ')
}

/** The number that a column's sequence gave last; null: it gave none yet. */
export async function lastCounted(tx: Tx, table: string, column: string): Promise<string | null> {
  const { rows } = await sql<{ last: string | null }>`
    SELECT pg_sequence_last_value(pg_get_serial_sequence(${table}, ${column})::regclass)::text AS last`.execute(tx)
  return rows[0]?.last ?? null
}

/**
 * Lets a column's sequence go on after `last` and after every number in the table, and never backwards: setting a
 * sequence is not undone with the transaction.
 */
export async function countOn(tx: Tx, table: string, column: string, last: string | null): Promise<void> {
  await sql`
    SELECT setval(sequence, next) FROM (
      SELECT pg_get_serial_sequence(${table}, ${column})::regclass AS sequence,
        greatest(${last}::bigint, pg_sequence_last_value(pg_get_serial_sequence(${table}, ${column})::regclass),
          (SELECT max(${sql.raw(quoteIdentifier(column))}) FROM ${sql.raw(table)})) AS next) AS counted
    WHERE next IS NOT NULL`.execute(tx)
}
