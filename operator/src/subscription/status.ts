import { isTrueAt, nextCondition } from '@bulkhead/crds'
import type { Condition, Reason, Subscription } from '@bulkhead/crds'
import type { Observed } from './observed.ts'
import type { Wanted } from './wanted.ts'

type Status = NonNullable<Subscription['status']>
type Judged = { readonly status: Condition['status']; readonly reason: Reason; readonly message: string }

export interface StatusInput {
  readonly subscription: Subscription
  /** Undefined while the tenant has no realm. */
  readonly wanted: Wanted | undefined
  /** Undefined while nobody could look. */
  readonly observed: Observed | undefined
  /** RFC 3339. */
  readonly now: string
}

const yes = (reason: Reason, message: string): Judged => ({ status: 'True', reason, message })
const no = (reason: Reason, message: string): Judged => ({ status: 'False', reason, message })

/** What the Subscription's status says, from what was seen and from nothing else. */
export function buildStatus({ subscription, wanted, observed, now }: StatusInput): Status {
  const list = subscription.status?.conditions
  const observedGeneration = subscription.metadata.generation
  const accepted = judgeAccepted(wanted)
  const credentials = judgeCredentials(wanted, observed)
  const ready = judgeReady(subscription, accepted, credentials)
  const verdicts: (readonly [string, Judged])[] = [
    ['Accepted', accepted],
    ['CredentialsReady', credentials],
    ['Ready', ready],
  ]
  if (wanted?.verdict.kind === 'refused' || credentials.reason === 'NameTaken') {
    verdicts.push(['Stalled', yes(ready.reason, ready.message)])
  } else if (credentials.status !== 'True') {
    verdicts.push(['Reconciling', yes('Progressing', credentials.message)])
  }
  return {
    observedGeneration,
    ...(wanted === undefined ? {} : { clientID: wanted.clientId }),
    conditions: verdicts.map(([type, verdict]) => nextCondition(list, { type, ...verdict, observedGeneration }, now)),
  }
}

function judgeAccepted(wanted: Wanted | undefined): Judged {
  if (wanted === undefined) return no('Waiting', 'The tenant of this namespace has no realm yet')
  if (wanted.verdict.kind === 'refused') return no(wanted.verdict.problem.reason, wanted.verdict.problem.message)
  return yes('Accepted', 'The tool set and the plan exist')
}

function judgeCredentials(wanted: Wanted | undefined, observed: Observed | undefined): Judged {
  if (wanted === undefined) return no('Waiting', 'The tenant of this namespace has no realm yet')
  if (observed === undefined) return no('IdentityProviderUnavailable', 'Keycloak cannot be reached; it is tried again')
  if (observed.client.kind === 'foreign')
    return no('NameTaken', `Client "${wanted.clientId}" is not this subscription's`)
  if (observed.secret.kind === 'foreign') {
    return no('NameTaken', `Secret "${wanted.secretName}" exists and is not this subscription's; it was left untouched`)
  }
  if (wanted.verdict.kind === 'refused') return no(wanted.verdict.problem.reason, 'The client cannot be used')
  if (!observed.isRealmOpen) return no('Waiting', "The tenant's realm is not open")
  if (observed.client.kind === 'absent' || observed.secret.kind !== 'as-wanted') {
    return no('Progressing', 'The client is being made')
  }
  return yes('CredentialsReady', `The credentials are in Secret "${wanted.secretName}"`)
}

function judgeReady({ metadata, status }: Subscription, accepted: Judged, credentials: Judged): Judged {
  const broken = [accepted, credentials].find((verdict) => verdict.status !== 'True')
  if (broken !== undefined) return no(broken.reason, broken.message)
  if (!isTrueAt(status?.conditions, 'Programmed', metadata.generation)) {
    return no('NotProgrammed', 'The data plane does not know this generation yet')
  }
  return yes('Ready', 'The application may call the tool set')
}
