import { sql } from 'kysely'
import type { Database, Tx } from './database.ts'
import { lockScope } from './ledger.ts'

/** Somewhere a realm can be. */
export interface Shard {
  readonly name: string
  readonly maxRealms: number
}

/** Who is to be placed. */
export interface Placing {
  readonly uid: string
  readonly id: string
  readonly name: string
  /** What was asked for; undefined: wherever there is room. */
  readonly wish: string | undefined
  /** Its realm stood before anybody kept account of where. */
  readonly isStanding: boolean
}

export type Placement =
  | { readonly kind: 'placed'; readonly shard: string }
  | { readonly kind: 'full' | 'unknown'; readonly shard: string | undefined }

/** Which Keycloak holds which realm: decided once, for life. */
export interface PlacementRegistry {
  /** Gives the place that the tenant has, or takes one, in one transaction: whoever asks gets the same answer. */
  place(tenant: Placing, shards: readonly Shard[], nowMs: number, signal: AbortSignal): Promise<Placement>
  /** Where the realm of a tenant's id is, or of what it left behind; undefined: nobody wrote it down. */
  shardOf(id: string, signal: AbortSignal): Promise<string | undefined>
}

export function createPlacementRegistry(database: Database): PlacementRegistry {
  return {
    place: (tenant, shards, nowMs, signal) =>
      database.transaction('place realm', signal, async (tx) => {
        await lockScope(tx, 'public/placements')
        const held = await heldShard(tx, tenant.uid)
        const placement: Placement =
          held === undefined ? judgePlacement(tenant, shards, await countRealms(tx)) : { kind: 'placed', shard: held }
        if (placement.kind === 'placed') await write(tx, tenant, placement.shard, nowMs)
        return placement
      }),
    shardOf: (id, signal) =>
      database.read('find placement', signal, async (tx) => {
        const db = tx.withSchema('public')
        const row = await db.selectFrom('tenants').select('identity_shard').where('id', '=', id).executeTakeFirst()
        const shard = row?.identity_shard ?? undefined
        if (shard !== undefined) return shard
        const left = await db.selectFrom('retained').select('identity_shard').where('id', '=', id).executeTakeFirst()
        return left?.identity_shard ?? undefined
      }),
  }
}

/** The shard that a new tenant gets: the one it asks for, or the emptiest by its own measure. */
export function judgePlacement(
  { wish, isStanding }: Pick<Placing, 'wish' | 'isStanding'>,
  shards: readonly Shard[],
  realms: ReadonlyMap<string, number>,
): Placement {
  const [first] = shards
  if (isStanding && first !== undefined) return { kind: 'placed', shard: wish ?? first.name }
  if (wish !== undefined && !shards.some(({ name }) => name === wish)) return { kind: 'unknown', shard: wish }
  const used = ({ name, maxRealms }: Shard) => (realms.get(name) ?? 0) / maxRealms
  const open = shards.filter((shard) => (wish === undefined || shard.name === wish) && used(shard) < 1)
  const [best] = open.toSorted((a, b) => used(a) - used(b))
  return best === undefined ? { kind: 'full', shard: wish } : { kind: 'placed', shard: best.name }
}

// What was taken up stays where it is.
async function heldShard(tx: Tx, uid: string): Promise<string | undefined> {
  const db = tx.withSchema('public')
  const own = await db.selectFrom('tenants').select('identity_shard').where('uid', '=', uid).executeTakeFirst()
  const shard = own?.identity_shard ?? undefined
  if (shard !== undefined) return shard
  const former = await db
    .selectFrom('retained')
    .select('identity_shard')
    .where('adopted_by', '=', uid)
    .executeTakeFirst()
  return former?.identity_shard ?? undefined
}

// The realms of deleted tenants that are kept count too, until somebody takes them up.
async function countRealms(tx: Tx): Promise<ReadonlyMap<string, number>> {
  const { rows } = await sql<{ shard: string; realms: string }>`
    SELECT shard, count(*) AS realms FROM (
      SELECT identity_shard AS shard FROM public.tenants
      UNION ALL SELECT identity_shard FROM public.retained WHERE realm IS NOT NULL AND adopted_at IS NULL) AS placed
    WHERE shard IS NOT NULL GROUP BY shard`.execute(tx)
  return new Map(rows.map(({ shard, realms }) => [shard, Number(realms)]))
}

async function write(tx: Tx, { uid, id, name }: Placing, shard: string, nowMs: number): Promise<void> {
  const row = { uid, id, name, guaranteed: 0, registered_at: new Date(nowMs), identity_shard: shard }
  await tx
    .withSchema('public')
    .insertInto('tenants')
    .values(row)
    .onConflict((conflict) => conflict.column('uid').doUpdateSet({ identity_shard: shard }))
    .execute()
}
