import { sql } from 'kysely'
import type { Database } from './database.ts'
import type { PlacedWall } from './placements.ts'

/** How many realms, or schemas, are placed on a shard; what is kept of deleted tenants counts until it is taken up. */
export interface Occupied {
  readonly wall: PlacedWall
  readonly shard: string
  readonly placed: number
}

/** Counts what is placed on each shard; a shard that holds nothing is not named. */
export function readOccupancy(database: Database, signal: AbortSignal): Promise<readonly Occupied[]> {
  return database.read('count placements', signal, async (tx) => {
    const { rows } = await sql<Occupied>`
      SELECT wall, shard, count(*)::integer AS placed FROM (
        SELECT 'identity' AS wall, id, identity_shard AS shard FROM public.tenants
        UNION SELECT 'identity', id, identity_shard FROM public.retained WHERE adopted_at IS NULL AND realm IS NOT NULL
        UNION SELECT 'database', id, database_shard FROM public.tenants
        UNION SELECT 'database', id, database_shard FROM public.retained WHERE adopted_at IS NULL) AS held
      WHERE shard IS NOT NULL GROUP BY wall, shard ORDER BY wall, shard`.execute(tx)
    return rows
  })
}
