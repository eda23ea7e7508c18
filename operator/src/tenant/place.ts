import type { Tenant } from '@bulkhead/crds'
import type { Parts } from '../parts.ts'
import { locate } from '../walls/identity/wanted.ts'
import type { WantedPlacement } from '../walls/identity/wanted.ts'
import type { Wanted } from './wanted.ts'

/** What a tenant is to become, with its realm on the Keycloak where it is for life. */
export async function placeRealm(parts: Parts, tenant: Tenant, wanted: Wanted, signal: AbortSignal): Promise<Wanted> {
  if (wanted.external !== undefined) return wanted
  const placement = await placementOf(parts, tenant, wanted, signal)
  return { ...wanted, identity: locate(wanted.identity, wanted.owner, parts.settings, placement) }
}

async function placementOf(
  { placements, settings, clock }: Parts,
  { spec, status }: Tenant,
  { owner, known }: Wanted,
  signal: AbortSignal,
): Promise<WantedPlacement> {
  const told = status?.identity?.shard
  // It never moves: what was told once needs no asking.
  if (told !== undefined) return { kind: 'placed', shard: told }
  const tenant = { ...owner, wish: spec.identity.realm.shard, isStanding: known.identity }
  try {
    return await placements.place(tenant, settings.identityShards, clock.now(), signal)
  } catch (error) {
    signal.throwIfAborted()
    // Without the registry only this wall waits.
    return { kind: 'unavailable', error }
  }
}
