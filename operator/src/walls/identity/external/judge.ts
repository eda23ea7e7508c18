import type { Tenant } from '@bulkhead/crds'
import type { Judgement } from '@bulkhead/database'
import { timestamp } from '@bulkhead/runtime'
import { done, failed } from '../../../verdict.ts'
import type { Verdict } from '../../../verdict.ts'
import { sentence, unavailable } from '../../judgement.ts'
import type { Seen } from '../../seen.ts'
import type { SeenIdentity } from '../observed.ts'
import type { KeysProblem, Remembered, SeenKeys } from './keeper.ts'
import { issuerKey, issuerNotGranted } from './wanted.ts'
import type { WantedExternal } from './wanted.ts'

type IdentityStatus = NonNullable<Tenant['status']>['identity']

export interface ExternalFacts {
  readonly wanted: WantedExternal
  readonly seen: Seen<SeenIdentity>
  readonly grants: Seen<Judgement>
  /** What the Tenant's status said so far. */
  readonly before: IdentityStatus
}

/** The verdict on an issuer of the tenant's own. */
export function judgeExternal(facts: ExternalFacts): Verdict {
  const { wanted, grants } = facts
  const [problem] = wanted.problems
  if (problem !== undefined) return failed(problem.reason, sentence(wanted.problems))
  const keys = keysOf(facts)
  if (grants.kind === 'unavailable' || keys === undefined) return unavailable('DatabaseUnavailable')
  if (grants.value.changes) return failed('Progressing', 'The registry is being asked')
  if (grants.value.issuer.isRefused) return failed('IssuerNotGranted', issuerNotGranted(wanted.issuer))
  return judgeKeys(wanted.issuer, keys)
}

function judgeKeys(issuer: string, { freshness, problem, jwks }: SeenKeys): Verdict {
  if (freshness === 'withdrawn') {
    return failed(
      'JwksWithdrawn',
      `The keys of "${issuer}" could not be fetched for too long, and verify nothing any more`,
    )
  }
  if (problem?.kind === 'invalid') return failed('JwksInvalid', problem.message)
  if (jwks !== undefined) return done('IdentityReady', `The keys of "${issuer}" are known`)
  if (problem === undefined) return failed('Progressing', `The keys of "${issuer}" are being fetched`)
  return failed(reasonOf(problem), problem.message)
}

function reasonOf({ kind }: KeysProblem): 'IssuerInvalid' | 'JwksUnavailable' {
  return kind === 'forbidden' ? 'IssuerInvalid' : 'JwksUnavailable'
}

/** What the condition `JwksStale` says; undefined while the keys are young enough. */
export function judgeStale(facts: ExternalFacts): Verdict | undefined {
  const keys = keysOf(facts)
  if (keys?.freshness !== 'stale' || keys.jwks === undefined) return undefined
  return done(
    'JwksStale',
    `The keys of "${facts.wanted.issuer}" could not be fetched for a long time; the last good ones stay`,
  )
}

/**
 * What the data plane may believe. An issuer stands there only while the registry holds it for this tenant; what nobody
 * could look at takes nothing away, and what is refused leaves what was granted before.
 */
export function externalStatus(facts: ExternalFacts): IdentityStatus {
  const { wanted, grants, before } = facts
  if (grants.kind === 'unavailable' || grants.value.changes) return before
  const { granted } = grants.value.issuer
  if (granted === undefined) return undefined
  if (wanted.problems.length > 0 || granted !== wanted.claim) {
    return issuerKey(before?.issuer ?? '') === granted ? before : undefined
  }
  return grantedStatus(wanted, keysOf(facts) ?? wanted.remembered)
}

function grantedStatus({ issuer, audiences }: WantedExternal, { jwks, failingSinceMs }: Remembered): IdentityStatus {
  return {
    ...{ issuer, audiences: [...audiences] },
    ...(jwks === undefined ? {} : { jwks }),
    ...(failingSinceMs === undefined ? {} : { jwksFailingSince: timestamp(failingSinceMs) }),
  }
}

function keysOf({ seen }: ExternalFacts): SeenKeys | undefined {
  return seen.kind === 'seen' && seen.value.realm.kind === 'external' ? seen.value.realm.keys : undefined
}
