import { sql } from 'kysely'
import type { Database, Tx } from './database.ts'
import { lockScope } from './ledger.ts'

/** What of a tenant is placed: its realm on a Keycloak, its schema on a Postgres. */
export type PlacedWall = 'identity' | 'database'

/** Somewhere a realm or a schema can be. */
export interface Shard {
  readonly name: string
  /** How many of them it takes. */
  readonly capacity: number
}

/** Who is to be placed. */
export interface Placing {
  readonly uid: string
  readonly id: string
  readonly name: string
  /** What was asked for; undefined: wherever there is room. */
  readonly wish: string | undefined
  /** It stood before anybody kept account of where. */
  readonly isStanding: boolean
}

export type Placement =
  | { readonly kind: 'placed'; readonly shard: string }
  | { readonly kind: 'full' | 'unknown'; readonly shard: string | undefined }

/** Which shard holds which tenant's realm, or schema: decided once, for life. */
export interface PlacementRegistry {
  /** Gives the place that the tenant has, or takes one, in one transaction: whoever asks gets the same answer. */
  place(tenant: Placing, shards: readonly Shard[], nowMs: number, signal: AbortSignal): Promise<Placement>
  /** Where it is for a tenant's id, or what that left behind; undefined: nobody wrote it down. */
  shardOf(id: string, signal: AbortSignal): Promise<string | undefined>
}

const columnOf = { identity: 'identity_shard', database: 'database_shard' } as const

export function createPlacementRegistry(database: Database, wall: PlacedWall): PlacementRegistry {
  return {
    place: (tenant, shards, nowMs, signal) =>
      database.transaction(`place ${wall}`, signal, async (tx) => {
        await lockScope(tx, `public/placements/${wall}`)
        const { held, counts } = await look(tx, wall, tenant.uid, shards)
        const placement = held === undefined ? judgePlacement(tenant, shards, counts) : placed(held)
        if (placement.kind === 'placed') await write(tx, { wall, tenant, nowMs }, placement.shard)
        return placement
      }),
    shardOf: (id, signal) =>
      database.read('find placement', signal, async (tx) => {
        const { rows } = await sql<{ shard: string | null }>`
          SELECT coalesce((SELECT ${column(wall)} FROM public.tenants WHERE id = ${id}),
            (SELECT ${column(wall)} FROM public.retained WHERE id = ${id})) AS shard`.execute(tx)
        return rows[0]?.shard ?? undefined
      }),
  }
}

const placed = (shard: string): Placement => ({ kind: 'placed', shard })

function column(wall: PlacedWall) {
  return sql.ref(columnOf[wall])
}

/** The shard that a new tenant gets: the one it asks for, or the emptiest by its own measure. */
export function judgePlacement(
  { wish, isStanding }: Pick<Placing, 'wish' | 'isStanding'>,
  shards: readonly Shard[],
  counts: ReadonlyMap<string, number>,
): Placement {
  const [first] = shards
  // What was asked for later moves nothing.
  if (isStanding && first !== undefined) return placed(first.name)
  if (wish !== undefined && !shards.some(({ name }) => name === wish)) return { kind: 'unknown', shard: wish }
  const count = ({ name }: Shard) => counts.get(name) ?? 0
  const open = shards.filter((shard) => (wish === undefined || shard.name === wish) && count(shard) < shard.capacity)
  const [best] = open.toSorted((a, b) => count(a) / a.capacity - count(b) / b.capacity)
  return best === undefined ? { kind: 'full', shard: wish } : placed(best.name)
}

interface Looked {
  /** Where the tenant is already. */
  readonly held: string | undefined
  readonly counts: ReadonlyMap<string, number>
}

interface Row {
  readonly rows: readonly { readonly shard: string | null; readonly adopted: boolean }[]
  readonly counts: readonly { readonly shard: string; readonly count: number }[]
}

// One statement, for everybody who is placed waits for everybody before. What was taken up stays where it is; before there
// were several that was the first. What is kept of deleted tenants counts too, until somebody takes it up.
async function look(tx: Tx, wall: PlacedWall, uid: string, [first]: readonly Shard[]): Promise<Looked> {
  const kept = sql`(${wall} = 'database' OR realm IS NOT NULL)`
  const { rows: found } = await sql<Row>`
    SELECT
      (SELECT coalesce(json_agg(json_build_object('shard', shard, 'adopted', adopted) ORDER BY adopted), '[]') FROM (
        SELECT ${column(wall)} AS shard, false AS adopted FROM public.tenants WHERE uid = ${uid}
        UNION ALL SELECT ${column(wall)}, true FROM public.retained WHERE adopted_by = ${uid} AND ${kept}) AS own) AS rows,
      (SELECT coalesce(json_agg(json_build_object('shard', shard, 'count', count)), '[]') FROM (
        SELECT shard, count(*) AS count FROM (
          SELECT id, ${column(wall)} AS shard FROM public.tenants
          UNION SELECT id, ${column(wall)} FROM public.retained WHERE adopted_at IS NULL AND ${kept}) AS placed
        WHERE shard IS NOT NULL GROUP BY shard) AS counted) AS counts`.execute(tx)
  const { rows = [], counts = [] } = found[0] ?? {}
  const written = rows.find(({ shard }) => shard !== null)?.shard
  return {
    held: written ?? (rows.some(({ adopted }) => adopted) ? first?.name : undefined),
    counts: new Map(counts.map(({ shard, count }) => [shard, count])),
  }
}

interface Written {
  readonly wall: PlacedWall
  readonly tenant: Placing
  readonly nowMs: number
}

async function write(tx: Tx, { wall, tenant, nowMs }: Written, shard: string): Promise<void> {
  const { uid, id, name } = tenant
  const where = { [columnOf[wall]]: shard }
  const row = { uid, id, name, guaranteed: 0, registered_at: new Date(nowMs), ...where }
  await tx
    .withSchema('public')
    .insertInto('tenants')
    .values(row)
    .onConflict((conflict) => conflict.column('uid').doUpdateSet(where))
    .execute()
}
