// What keeps a copy, a migration and another copy of the same schema apart, and a copy away from what is somebody else's.
import { sql } from 'kysely'
import type { Client } from 'pg'
import type { Tx } from '../database.ts'
import { rowsLock } from '../ledger.ts'
import { commentOf } from '../see.ts'
import { TransferRefused } from './refusal.ts'

/** A schema and the uid of the Tenant that it must belong to. */
export interface OwnedSchema {
  readonly schema: string
  readonly uid: string
}

/** Keeps migrations and imports away until the connection ends; throws when one is under way. */
export async function shareRows(client: Client, schema: string, doing: string): Promise<void> {
  const { rows } = await client.query<{ held: boolean }>(
    'SELECT pg_try_advisory_lock_shared(hashtextextended($1, 0)) AS held',
    [rowsLock(schema)],
  )
  if (rows[0]?.held !== true) throw underWay(doing)
}

/** Keeps migrations, imports and exports away until the transaction ends; throws when one is under way. */
export async function holdRows(tx: Tx, schema: string, doing: string): Promise<void> {
  const { rows } = await sql<{ held: boolean }>`
    SELECT pg_try_advisory_xact_lock(hashtextextended(${rowsLock(schema)}, 0)) AS held`.execute(tx)
  if (rows[0]?.held !== true) throw underWay(doing)
}

function underWay(doing: string): TransferRefused {
  return new TransferRefused(
    `${doing}: a migration, an import or an export of it is under way; do it again when that has ended`,
  )
}

/** Throws unless the schema is there and says that it is this Tenant's. */
export async function demandOwner(tx: Tx, { schema, uid }: OwnedSchema, doing: string): Promise<void> {
  const { rows } = await sql<{ comment: string | null }>`
    SELECT obj_description(oid, 'pg_namespace') AS comment FROM pg_namespace WHERE nspname = ${schema}`.execute(tx)
  const [row] = rows
  if (row === undefined) throw new TransferRefused(`${doing}: there is no schema "${schema}"`)
  if (row.comment !== commentOf(uid)) {
    throw new TransferRefused(`${doing}: the schema "${schema}" does not belong to the Tenant with uid ${uid}`)
  }
}
