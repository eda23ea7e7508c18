import type { Readable } from 'node:stream'
import { sql } from 'kysely'
import { runStatement } from '../database.ts'
import type { DatabaseOptions, Tx } from '../database.ts'
import { appliedIn } from '../ledger.ts'
import type { Applied } from '../migrations/migration.ts'
import { lastCounted, listed, qualified, tablesOf } from './catalog.ts'
import type { TableShape } from './catalog.ts'
import { copyOut } from './copy-out.ts'
import { demandOwner, shareRows } from './guard.ts'
import type { OwnedSchema } from './guard.ts'
import { explain } from './refusal.ts'
import { withSession } from './session.ts'
import type { Session } from './session.ts'

/** A column that a sequence counts, and the number that it gave last; null: none yet. */
export interface Counted {
  readonly column: string
  readonly last: string | null
}

export interface CarriedTable {
  readonly name: string
  readonly columns: readonly string[]
  readonly counted: readonly Counted[]
}

/** What a schema held at one moment. */
export interface SchemaSnapshot {
  readonly takenAt: Date
  readonly postgresVersion: string
  readonly migrations: readonly Applied[]
  readonly tables: readonly CarriedTable[]
}

/** Takes one table's rows, a line each in Postgres' text format, until the stream ends. */
export type TakeTable = (table: string, rows: Readable) => Promise<void>

/** Hands out every table's rows as they were at one moment; whoever writes meanwhile is not kept waiting. */
export async function exportSchema(
  options: DatabaseOptions,
  owned: OwnedSchema,
  take: TakeTable,
  signal: AbortSignal,
): Promise<SchemaSnapshot> {
  const doing = `Cannot export schema "${owned.schema}"`
  try {
    return await withSession(options, signal, async (session) => {
      // Before the snapshot: a migration that ends in between would leave tables behind that look empty to it.
      await shareRows(session.client, owned.schema, doing)
      return session.snapshot((tx) => copyAll(session, tx, owned, take))
    })
  } catch (error) {
    throw explain(error, doing)
  }
}

async function copyAll(session: Session, tx: Tx, owned: OwnedSchema, take: TakeTable): Promise<SchemaSnapshot> {
  await demandOwner(tx, owned, 'Cannot export')
  const { rows } = await sql<{ taken_at: Date; version: string }>`
    SELECT transaction_timestamp() AS taken_at, current_setting('server_version') AS version`.execute(tx)
  const tables: CarriedTable[] = []
  const shapes = await tablesOf(tx, owned.schema)
  if (shapes.length > 0) {
    const names = shapes.map(({ name }) => qualified(owned.schema, name)).join(', ')
    await runStatement(tx, `LOCK TABLE ${names} IN ACCESS SHARE MODE`)
  }
  for (const shape of shapes) {
    const [table, columns] = [qualified(owned.schema, shape.name), listed(shape.columns)]
    const statement = `COPY (SELECT ${columns} FROM ${table}) TO STDOUT (FORMAT text, ENCODING 'UTF8')`
    await take(shape.name, copyOut(session.client, statement))
    tables.push({ name: shape.name, columns: shape.columns, counted: await countedOf(tx, table, shape) })
  }
  return {
    takenAt: rows[0]?.taken_at ?? new Date(NaN),
    postgresVersion: rows[0]?.version ?? '',
    migrations: await appliedIn(tx, owned.schema),
    tables,
  }
}

async function countedOf(tx: Tx, table: string, { counted }: TableShape): Promise<readonly Counted[]> {
  const found: Counted[] = []
  for (const column of counted) found.push({ column, last: await lastCounted(tx, table, column) })
  return found
}
