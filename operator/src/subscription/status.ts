import { findCondition, isTrueAt, ownConditionTypes } from '@bulkhead/crds'
import type { Reason, Subscription } from '@bulkhead/crds'
import { KubeFault, TransportFault, fullQuota } from '@bulkhead/runtime'
import type { SubscriptionFacts } from '../facts.ts'
import { conditionsOf, done, failed, progressOf, refusedConditions } from '../verdict.ts'
import type { Verdict, Verdicts } from '../verdict.ts'
import type { Observed } from './observed.ts'
import { plan } from './plan.ts'
import type { Wanted } from './wanted.ts'

type Status = NonNullable<Subscription['status']>

/** The conditions of a Subscription that only the operator writes. */
export const ownConditions: readonly string[] = ownConditionTypes('operator', 'Subscription')

export interface StatusInput {
  readonly subscription: Subscription
  /** Undefined while the tenant has no realm. */
  readonly wanted: Wanted | undefined
  /** Undefined while nobody looked. */
  readonly observed: Observed | undefined
  /** Why nobody could look. */
  readonly fault?: unknown
  /** RFC 3339. */
  readonly now: string
}

/** The status of a Subscription that cannot be used: its credentials stay as they were, and the mistake is told. */
export function refusedStatus({ metadata, status }: SubscriptionFacts, problem: string, now: string): Status {
  const { conditions: before, ...own } = status ?? {}
  const stamp = { observedGeneration: metadata.generation, now }
  const types = { kept: ['CredentialsReady'], refused: ['Accepted', 'Ready'] as const }
  const message = `spec: It cannot be used: ${problem}`
  return {
    ...own,
    observedGeneration: metadata.generation,
    conditions: refusedConditions(before, types, { reason: 'InvalidSpec', message }, stamp),
  }
}

/** What the Subscription's status says, from what was seen and from nothing else. */
export function buildStatus(input: StatusInput): Status {
  const { subscription, wanted, now } = input
  const observedGeneration = subscription.metadata.generation
  const accepted = judgeAccepted(wanted)
  const credentials = wanted === undefined ? noRealm : judgeCredentials(input, wanted)
  const ready = judgeReady(subscription, accepted, credentials)
  const verdicts: Verdicts = [
    ['Accepted', accepted],
    ['CredentialsReady', credentials],
    ['Ready', ready],
    ...judgeProgress(accepted, credentials, ready),
  ]
  return {
    observedGeneration,
    ...(wanted === undefined ? {} : { clientID: wanted.clientId }),
    conditions: conditionsOf(subscription.status?.conditions, verdicts, { observedGeneration, now }),
  }
}

const noRealm = failed('Waiting', 'The tenant of this namespace has no realm yet')

function judgeAccepted(wanted: Wanted | undefined): Verdict {
  if (wanted === undefined) return noRealm
  if (wanted.verdict.kind === 'refused') {
    const { reason, field, message } = wanted.verdict.problem
    return failed(reason, `${field}: ${message}`)
  }
  return done('Accepted', 'The tool set and the plan exist')
}

function judgeCredentials(input: StatusInput, wanted: Wanted): Verdict {
  const { observed, fault } = input
  const quota = fullQuota(fault)
  if (quota !== undefined) {
    const message = `Cannot make Secret "${wanted.secretName}": ResourceQuota "${quota}" of the namespace is full`
    return failed('QuotaExceeded', message)
  }
  if (observed === undefined) return judgeUnseen(input, wanted)
  const { clientId, secretName, verdict } = wanted
  if (observed.client.kind === 'foreign') return failed('NameTaken', `Client "${clientId}" is not this subscription's`)
  if (observed.secret.kind === 'foreign') {
    return failed('NameTaken', `Secret "${secretName}" exists and is not this subscription's; it was left untouched`)
  }
  if (plan(wanted, observed).length > 0) return underWay(wanted)
  if (verdict.kind === 'refused') return failed(verdict.problem.reason, 'The client cannot be used')
  if (!observed.isRealmOpen) return failed('Waiting', "The tenant's realm is not open")
  return done('CredentialsReady', `The credentials are in Secret "${secretName}"`)
}

function underWay({ verdict }: Wanted): Verdict {
  return failed(
    'Progressing',
    verdict.kind === 'accepted' ? 'The client is being made' : 'The client is being disabled',
  )
}

// What nobody looked at stays as it was: credentials that stood are not gone because Keycloak is away.
function judgeUnseen({ subscription, fault }: StatusInput, wanted: Wanted): Verdict {
  const before = findCondition(subscription.status?.conditions, 'CredentialsReady')
  if (before?.status === 'True' && wanted.verdict.kind === 'accepted') {
    return done('CredentialsReady', before.message ?? '')
  }
  if (fault === undefined) return underWay(wanted)
  return fault instanceof KubeFault || fault instanceof TransportFault
    ? failed('KubernetesUnavailable', 'The API server cannot be reached or refuses; it is tried again')
    : failed('IdentityProviderUnavailable', 'Keycloak cannot be reached; it is tried again')
}

const stuckReasons: readonly Reason[] = ['NameTaken', 'QuotaExceeded']

/** What is being done about a subscription that is not ready, or what a person has to do. */
export function judgeProgress(accepted: Verdict, credentials: Verdict, ready: Verdict): Verdicts {
  const isRefused = accepted.status !== 'True' && accepted.reason !== 'Waiting' && accepted.reason !== 'Suspended'
  const isStuck = stuckReasons.includes(credentials.reason)
  const mistake = isRefused ? accepted : isStuck ? credentials : undefined
  const isResting = credentials.status === 'True' || credentials.reason === 'Suspended'
  const isWorking = mistake === undefined ? !isResting : credentials.reason === 'Progressing'
  return progressOf(ready, { work: isWorking ? credentials.message : undefined, mistake })
}

/** The verdict on a whole subscription, by those on its parts and by what the data plane said. */
export function judgeReady({ metadata, status }: Subscription, accepted: Verdict, credentials: Verdict): Verdict {
  const broken = [accepted, credentials].find((verdict) => verdict.status !== 'True')
  if (broken !== undefined) return failed(broken.reason, broken.message)
  if (!isTrueAt(status?.conditions, 'Programmed', metadata.generation)) {
    return failed('NotProgrammed', 'The data plane does not know this generation yet')
  }
  return done('Ready', 'The application may call the tool set')
}
