import type { Problem } from '@bulkhead/crds'
import { done, failed } from '../../verdict.ts'
import type { Verdict } from '../../verdict.ts'
import { unavailable } from '../judgement.ts'
import type { Seen } from '../seen.ts'
import type { SeenIdentity } from './observed.ts'
import type { WantedIdentity, WantedPlacement } from './wanted.ts'

export interface IdentityFacts {
  readonly wanted: WantedIdentity
  readonly seen: Seen<SeenIdentity>
  readonly hasFault: boolean
  readonly isSuspended: boolean
}

export function judgeIdentity({ wanted, seen, hasFault, isSuspended }: IdentityFacts): Verdict {
  const { realm: name, placement } = wanted
  if (placement.kind === 'full' || placement.kind === 'unknown') return judgeUnplaced(placement)
  if (seen.kind === 'unavailable') return unavailable('IdentityProviderUnavailable')
  const { realm, secret } = seen.value
  if (realm.kind === 'foreign' || secret.kind === 'foreign') {
    return failed('NameTaken', `Realm "${name}" exists and is not this tenant's; it was left untouched`)
  }
  if (hasFault) return unavailable('IdentityProviderUnavailable')
  const verdict = judgeRealm(name, seen.value, isSuspended)
  const isKnown = wanted.toldJwks !== undefined || seen.value.keys?.ok !== 'unknown'
  return isKnown ? verdict : failed('JwksUnavailable', `The keys of realm "${name}" cannot be fetched now`)
}

function judgeUnplaced({ kind, shard }: Extract<WantedPlacement, { kind: 'full' | 'unknown' }>): Verdict {
  if (kind === 'unknown') return failed('ShardUnknown', `spec.identity.realm.shard: there is no Keycloak "${shard}"`)
  const what = shard === undefined ? 'Every Keycloak' : `Keycloak "${shard}"`
  return failed('ShardFull', `${what} holds as many realms as it may; the tenant is placed when there is room`)
}

/** What a person has to mend in the providers of a realm that stands. */
export function federationProblems(seen: Seen<SeenIdentity>): readonly Problem[] {
  return seen.kind === 'seen' && seen.value.realm.kind === 'open' ? seen.value.realm.federation.problems : []
}

function judgeRealm(name: string, { realm, keys }: SeenIdentity, isSuspended: boolean): Verdict {
  if (isSuspended && realm.kind === 'disabled') return failed('Suspended', `Realm "${name}" is disabled`)
  if (realm.kind !== 'open' || realm.audience.scope !== 'as-wanted') {
    return failed('Progressing', `Realm "${name}" is being made`)
  }
  if (keys?.ok === false) return failed('JwksInvalid', keys.problem)
  return done('IdentityReady', `Realm "${name}" stands`)
}
