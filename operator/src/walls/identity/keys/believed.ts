import type { Tenant } from '@bulkhead/crds'
import { freshnessOf } from '@bulkhead/identity'
import type { Freshness, KeysLife } from '@bulkhead/identity'
import { done, failed } from '../../../verdict.ts'
import type { Verdict } from '../../../verdict.ts'
import type { Seen } from '../../seen.ts'
import type { SeenIdentity } from '../observed.ts'

type IdentityStatus = NonNullable<Tenant['status']>['identity']

/** What the data plane may believe of a realm's keys. */
export interface BelievedKeys {
  /** The last good ones; undefined when there never were any, and once they are withdrawn. */
  readonly jwks: string | undefined
  /** RFC 3339; undefined while they can be fetched. */
  readonly failingSince: string | undefined
  readonly freshness: Freshness
}

export interface BelievedFacts {
  readonly seen: Seen<SeenIdentity>
  /** What the Tenant's status said so far: it outlives this process, and is written at the two turns only. */
  readonly before: IdentityStatus
  /** RFC 3339. */
  readonly now: string
  readonly life: KeysLife
}

/**
 * The keys of a realm, through whatever keeps us from fetching them. Nothing but good keys replaces good keys; what cannot
 * be fetched is counted from the first look that failed, and is believed no more when it is too old.
 */
export function believedKeys({ seen, before, now, life }: BelievedFacts): BelievedKeys {
  const keys = seen.kind === 'seen' ? seen.value.keys : undefined
  if (keys?.ok === true) return { jwks: keys.jwks, failingSince: undefined, freshness: 'fresh' }
  const jwks = before?.jwks
  const failingSince = before?.jwksFailingSince ?? (isMissed(seen, jwks) ? now : undefined)
  if (failingSince === undefined) return { jwks, failingSince, freshness: 'fresh' }
  const freshness = freshnessOf(Date.parse(failingSince), Date.parse(now), life)
  return { jwks: freshness === 'withdrawn' ? undefined : jwks, failingSince, freshness }
}

// Nobody asked a realm that is shut; and where there were no keys yet, none are missed.
function isMissed(seen: BelievedFacts['seen'], jwks: string | undefined): boolean {
  return jwks !== undefined && (seen.kind === 'unavailable' || seen.value.keys !== undefined)
}

/** The verdict on a realm whose keys are too old to be believed; undefined while they are not. */
export function judgeWithdrawn({ freshness }: BelievedKeys): Verdict | undefined {
  if (freshness !== 'withdrawn') return undefined
  return failed('JwksWithdrawn', 'The keys of the realm could not be fetched for too long, and verify nothing any more')
}

/** What the condition `JwksStale` says; undefined while the keys are young enough. */
export function judgeStaleKeys({ freshness, jwks }: BelievedKeys): Verdict | undefined {
  if (freshness !== 'stale' || jwks === undefined) return undefined
  return done('JwksStale', 'The keys of the realm could not be fetched for a long time; the last good ones stay')
}
