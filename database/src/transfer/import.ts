import { runStatement } from '../database.ts'
import type { DatabaseOptions, Tx } from '../database.ts'
import { sql } from 'kysely'
import { appliedIn } from '../ledger.ts'
import type { Applied } from '../migrations/migration.ts'
import { countOn, listed, qualified, tablesOf } from './catalog.ts'
import { copyIn } from './copy-in.ts'
import type { CarriedTable } from './export.ts'
import { demandOwner, holdRows } from './guard.ts'
import type { OwnedSchema } from './guard.ts'
import { misfitOf } from './misfit.ts'
import { TransferRefused, explain } from './refusal.ts'
import { withSession } from './session.ts'
import type { Session } from './session.ts'

/** One table's rows, as an export wrote them. */
export interface LoadTable extends CarriedTable {
  readonly rows: number
  /** Throws at its end when it did not give what was promised: then nothing is kept. */
  open(): AsyncIterable<Buffer>
}

export interface SchemaLoad {
  readonly owned: OwnedSchema
  /** What ran in the schema that the rows came from. */
  readonly migrations: readonly Applied[]
  readonly tables: readonly LoadTable[]
  /** Rows that are there already go; otherwise they are a reason to refuse. */
  readonly doesReplace: boolean
}

/** Loads all tables in one transaction: afterwards the schema holds exactly these rows, or what it held before. */
export async function importSchema(options: DatabaseOptions, load: SchemaLoad, signal: AbortSignal): Promise<void> {
  const doing = `Cannot import into schema "${load.owned.schema}"`
  try {
    await withSession(options, signal, (session) => session.change((tx) => loadAll(session, tx, load, doing)))
  } catch (error) {
    throw explain(error, doing)
  }
}

async function loadAll(session: Session, tx: Tx, load: SchemaLoad, doing: string): Promise<void> {
  const { schema } = load.owned
  await holdRows(tx, schema, doing)
  await demandOwner(tx, load.owned, doing)
  const shapes = await tablesOf(tx, schema)
  const misfit = misfitOf(load, { migrations: await appliedIn(tx, schema), tables: shapes })
  if (misfit !== undefined) throw new TransferRefused(`${doing}: ${misfit}`)
  const names = shapes.map(({ name }) => qualified(schema, name))
  if (names.length > 0) await runStatement(tx, `LOCK TABLE ${names.join(', ')} IN ACCESS EXCLUSIVE MODE`)
  if (load.doesReplace && names.length > 0) await runStatement(tx, `TRUNCATE ${names.join(', ')}`)
  else await demandEmpty(tx, names, doing)
  for (const table of load.tables) await loadTable(session, schema, table)
  for (const { name, counted } of load.tables) {
    for (const { column, last } of counted) await countOn(tx, qualified(schema, name), column, last)
  }
}

async function demandEmpty(tx: Tx, tables: readonly string[], doing: string): Promise<void> {
  for (const table of tables) {
    const { rows } = await sql<{ has_rows: boolean }>`
      SELECT EXISTS (SELECT FROM ${sql.raw(table)}) AS has_rows`.execute(tx)
    if (rows[0]?.has_rows === false) continue
    throw new TransferRefused(`${doing}: the table ${table} holds rows; with --replace they are replaced`)
  }
}

async function loadTable({ client }: Session, schema: string, table: LoadTable): Promise<void> {
  const doing = `Cannot import table "${table.name}"`
  const target = `${qualified(schema, table.name)} (${listed(table.columns)})`
  const rows = await copyIn(client, `COPY ${target} FROM STDIN (FORMAT text, ENCODING 'UTF8')`, table.open()).catch(
    (error: unknown) => {
      throw explain(error, doing)
    },
  )
  if (rows === table.rows) return
  throw new TransferRefused(`${doing}: Postgres took ${rows} rows of ${table.rows}`)
}
