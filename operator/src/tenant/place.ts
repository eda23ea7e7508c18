import type { Tenant } from '@bulkhead/crds'
import type { PlacedWall, Shard } from '@bulkhead/database'
import type { Parts } from '../parts.ts'
import { shardsOf } from '../settings.ts'
import { locate } from '../walls/identity/wanted.ts'
import type { WantedPlacement } from '../walls/placement.ts'
import type { Wanted } from './wanted.ts'

type PlaceParts = Pick<Parts, 'placements' | 'settings' | 'clock'>

/** What a tenant is to become, with its realm and its schema on the servers where they are for life. */
export async function placeWalls(
  parts: PlaceParts,
  tenant: Tenant,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<Wanted> {
  const { spec, status } = tenant
  const { owner, external, identity, database } = wanted
  const shards = shardsOf(parts.settings)
  const [realm, schema] = await Promise.all([
    external === undefined
      ? placementOf(parts, wanted, {
          ...{ wall: 'identity', told: status?.identity?.shard, wish: spec.identity.realm.shard },
          ...{ shards: shards.identity, signal },
        })
      : identity.placement,
    placementOf(parts, wanted, {
      ...{ wall: 'database', told: status?.database?.shard, wish: spec.database.shard },
      ...{ shards: shards.database, signal },
    }),
  ])
  const shard = schema.kind === 'placed' ? schema.shard : undefined
  return {
    ...wanted,
    identity: external === undefined ? locate(identity, owner, parts.settings, realm) : identity,
    database: { ...database, placement: schema, tenant: { ...database.tenant, shard } },
  }
}

interface Question {
  readonly wall: PlacedWall
  /** What the Tenant's status says. */
  readonly told: string | undefined
  readonly wish: string | undefined
  readonly shards: readonly Shard[]
  readonly signal: AbortSignal
}

async function placementOf(
  { placements, clock }: PlaceParts,
  { owner, known }: Wanted,
  { wall, told, wish, shards, signal }: Question,
): Promise<WantedPlacement> {
  // It never moves: what was told once needs no asking.
  if (told !== undefined) return reached(told, shards)
  try {
    const tenant = { ...owner, wish, isStanding: known[wall] }
    const placement = await placements[wall].place(tenant, shards, clock.now(), signal)
    return placement.kind === 'placed' ? reached(placement.shard, shards) : placement
  } catch (error) {
    signal.throwIfAborted()
    // Without the registry only this wall waits.
    return { kind: 'unavailable', error }
  }
}

function reached(shard: string, shards: readonly Shard[]): WantedPlacement {
  return { kind: shards.some(({ name }) => name === shard) ? 'placed' : 'missing', shard }
}
