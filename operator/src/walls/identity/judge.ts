import type { Problem } from '@bulkhead/crds'
import { done, failed } from '../../verdict.ts'
import type { Verdict } from '../../verdict.ts'
import { unavailable } from '../judgement.ts'
import { judgePlacement } from '../placement.ts'
import type { Seen } from '../seen.ts'
import type { SeenIdentity } from './observed.ts'
import type { WantedIdentity } from './wanted.ts'

export interface IdentityFacts {
  readonly wanted: WantedIdentity
  readonly seen: Seen<SeenIdentity>
  readonly hasFault: boolean
  readonly isSuspended: boolean
}

const placedRealm = { server: 'Keycloak', thing: 'realm', field: 'spec.identity.realm.shard' }

export function judgeIdentity({ wanted, seen, hasFault, isSuspended }: IdentityFacts): Verdict {
  const { realm: name, placement } = wanted
  const unplaced = judgePlacement(placement, placedRealm)
  if (unplaced !== undefined) return unplaced
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
