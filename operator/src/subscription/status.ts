import { isTrueAt } from '@bulkhead/crds'
import type { Subscription } from '@bulkhead/crds'
import type { SubscriptionFacts } from '../facts.ts'
import { conditionsOf, done, failed, refusedConditions } from '../verdict.ts'
import type { Verdict } from '../verdict.ts'
import type { Observed } from './observed.ts'
import type { Wanted } from './wanted.ts'

type Status = NonNullable<Subscription['status']>

/** The conditions of a Subscription that only the operator writes. */
export const ownConditions = ['Accepted', 'CredentialsReady', 'Ready', 'Reconciling', 'Stalled']

export interface StatusInput {
  readonly subscription: Subscription
  /** Undefined while the tenant has no realm. */
  readonly wanted: Wanted | undefined
  /** Undefined while nobody could look. */
  readonly observed: Observed | undefined
  /** RFC 3339. */
  readonly now: string
}

/** The status of a Subscription that cannot be used: its credentials stay as they were, and the mistake is told. */
export function refusedStatus({ metadata, status }: SubscriptionFacts, problem: string, now: string): Status {
  const { conditions: before, ...own } = status ?? {}
  const stamp = { observedGeneration: metadata.generation, now }
  const types = { kept: ['CredentialsReady'], refused: ['Accepted', 'Ready'] }
  return {
    ...own,
    observedGeneration: metadata.generation,
    conditions: refusedConditions(before, types, `spec: It cannot be used: ${problem}`, stamp),
  }
}

/** What the Subscription's status says, from what was seen and from nothing else. */
export function buildStatus({ subscription, wanted, observed, now }: StatusInput): Status {
  const observedGeneration = subscription.metadata.generation
  const accepted = judgeAccepted(wanted)
  const credentials = judgeCredentials(wanted, observed)
  const ready = judgeReady(subscription, accepted, credentials)
  const verdicts: [string, Verdict][] = [
    ['Accepted', accepted],
    ['CredentialsReady', credentials],
    ['Ready', ready],
  ]
  if (wanted?.verdict.kind === 'refused' || credentials.reason === 'NameTaken') {
    verdicts.push(['Stalled', done(ready.reason, ready.message)])
  } else if (credentials.status !== 'True') {
    verdicts.push(['Reconciling', done('Progressing', credentials.message)])
  }
  return {
    observedGeneration,
    ...(wanted === undefined ? {} : { clientID: wanted.clientId }),
    conditions: conditionsOf(subscription.status?.conditions, verdicts, { observedGeneration, now }),
  }
}

function judgeAccepted(wanted: Wanted | undefined): Verdict {
  if (wanted === undefined) return failed('Waiting', 'The tenant of this namespace has no realm yet')
  if (wanted.verdict.kind === 'refused') return failed(wanted.verdict.problem.reason, wanted.verdict.problem.message)
  return done('Accepted', 'The tool set and the plan exist')
}

function judgeCredentials(wanted: Wanted | undefined, observed: Observed | undefined): Verdict {
  if (wanted === undefined) return failed('Waiting', 'The tenant of this namespace has no realm yet')
  if (observed === undefined)
    return failed('IdentityProviderUnavailable', 'Keycloak cannot be reached; it is tried again')
  if (observed.client.kind === 'foreign')
    return failed('NameTaken', `Client "${wanted.clientId}" is not this subscription's`)
  if (observed.secret.kind === 'foreign') {
    return failed(
      'NameTaken',
      `Secret "${wanted.secretName}" exists and is not this subscription's; it was left untouched`,
    )
  }
  if (wanted.verdict.kind === 'refused') return failed(wanted.verdict.problem.reason, 'The client cannot be used')
  if (!observed.isRealmOpen) return failed('Waiting', "The tenant's realm is not open")
  if (observed.client.kind === 'absent' || observed.secret.kind !== 'as-wanted') {
    return failed('Progressing', 'The client is being made')
  }
  return done('CredentialsReady', `The credentials are in Secret "${wanted.secretName}"`)
}

function judgeReady({ metadata, status }: Subscription, accepted: Verdict, credentials: Verdict): Verdict {
  const broken = [accepted, credentials].find((verdict) => verdict.status !== 'True')
  if (broken !== undefined) return failed(broken.reason, broken.message)
  if (!isTrueAt(status?.conditions, 'Programmed', metadata.generation)) {
    return failed('NotProgrammed', 'The data plane does not know this generation yet')
  }
  return done('Ready', 'The application may call the tool set')
}
