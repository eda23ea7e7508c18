import { sql } from 'kysely'
import type { Database } from '../database.ts'

/** Where the rows of one incarnation of a tenant are. */
export interface KnownTenant {
  readonly id: string
  readonly uid: string
  readonly name: string
  /** Undefined: the first server, where everything was before there were several. */
  readonly databaseShard: string | undefined
  /** Set when the Tenant is gone and its schema was kept. */
  readonly retainedAtMs: number | undefined
}

interface Row {
  readonly id: string
  readonly uid: string
  readonly name: string
  readonly shard: string | null
  readonly retained_at: Date | null
}

/** Every incarnation of that name that has rows of its own: the living one first, then the retained ones, newest first. */
export function findTenants(database: Database, name: string, signal: AbortSignal): Promise<readonly KnownTenant[]> {
  return database.read('find tenants', signal, async (tx) => {
    // While a Tenant is being deleted it is in both; what was taken up belongs to another one.
    const { rows } = await sql<Row>`
      SELECT id, uid, name, database_shard AS shard, NULL::timestamptz AS retained_at FROM public.tenants
        WHERE name = ${name} AND id NOT IN (SELECT id FROM public.retained)
      UNION ALL SELECT id, uid, name, database_shard, retained_at FROM public.retained
        WHERE name = ${name} AND adopted_at IS NULL
      ORDER BY retained_at DESC NULLS FIRST, id`.execute(tx)
    return rows.map(({ shard, retained_at, ...row }) => ({
      ...{ ...row, databaseShard: shard ?? undefined, retainedAtMs: retained_at?.getTime() },
    }))
  })
}
