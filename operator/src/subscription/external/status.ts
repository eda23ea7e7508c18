import type { Subscription } from '@bulkhead/crds'
import { conditionsOf, done, failed } from '../../verdict.ts'
import type { Verdict, Verdicts } from '../../verdict.ts'
import type { SeenSecret } from '../observed.ts'
import { judgeProgress, judgeReady } from '../status.ts'
import type { WantedExternal } from './wanted.ts'

export interface ExternalStatusInput {
  readonly subscription: Subscription
  /** Undefined while the tenant has no issuer. */
  readonly wanted: WantedExternal | undefined
  readonly secret: SeenSecret
  /** RFC 3339. */
  readonly now: string
}

/** What the status of such a subscription says. */
export function externalStatus({
  subscription,
  wanted,
  secret,
  now,
}: ExternalStatusInput): NonNullable<Subscription['status']> {
  const { generation: observedGeneration } = subscription.metadata
  const accepted = judgeAccepted(wanted)
  const credentials = wanted === undefined ? noIssuer : judgeCredentials(wanted, secret)
  const ready = judgeReady(subscription, accepted, credentials)
  const verdicts: Verdicts = [
    ['Accepted', accepted],
    ['CredentialsReady', credentials],
    ['Ready', ready],
    ...judgeProgress(accepted, credentials, ready),
  ]
  return {
    observedGeneration,
    ...(wanted?.clientId === undefined ? {} : { clientID: wanted.clientId }),
    conditions: conditionsOf(subscription.status?.conditions, verdicts, { observedGeneration, now }),
  }
}

const noIssuer = failed('Waiting', 'The issuer of this tenant is not granted yet')

function judgeAccepted(wanted: WantedExternal | undefined): Verdict {
  if (wanted === undefined) return noIssuer
  if (wanted.verdict.kind === 'accepted') return done('Accepted', 'The tool set and the plan exist')
  const { reason, field, message } = wanted.verdict.problem
  return failed(reason, `${field}: ${message}`)
}

function judgeCredentials({ verdict, secretName, issuer }: WantedExternal, secret: SeenSecret): Verdict {
  if (secret.kind === 'foreign') {
    return failed('NameTaken', `Secret "${secretName}" exists and is not this subscription's; it was left untouched`)
  }
  if (verdict.kind === 'refused') return failed(verdict.problem.reason, 'The client cannot be used')
  if (secret.kind !== 'as-wanted') return failed('Progressing', 'The Secret is being written')
  return done('CredentialsReady', `The client is of "${issuer}"; where to call stands in Secret "${secretName}"`)
}
