import type { Subscription } from '@bulkhead/crds'
import { isAlreadyExists, timestamp } from '@bulkhead/runtime'
import { secretKind } from '../../kubernetes/kinds.ts'
import { mendObject } from '../../kubernetes/mend.ts'
import type { Outcome } from '../../outcome.ts'
import { fieldManager } from '../../parts.ts'
import type { Parts } from '../../parts.ts'
import type { SeenSecret } from '../observed.ts'
import { report } from '../report.ts'
import { compareSecret } from '../secret.ts'
import { expiryMs } from '../wanted.ts'
import { externalStatus } from './status.ts'
import { externalSecret, wantExternalSubscription } from './wanted.ts'
import type { ExternalSurroundings, WantedExternal } from './wanted.ts'

/**
 * Makes such a Subscription what it says. Nothing is made outside the namespace, so nothing has to be cleaned up: the
 * Secret goes with its owner, and no finalizer is needed.
 */
export async function reconcileExternal(
  parts: Parts,
  subscription: Subscription,
  around: ExternalSurroundings,
  signal: AbortSignal,
): Promise<Outcome> {
  const now = timestamp(around.nowMs)
  const wanted = wantExternalSubscription(subscription, around)
  const secret = wanted === undefined ? ({ kind: 'absent' } as const) : await keepSecret(parts, wanted, signal)
  await report(parts, subscription, externalStatus({ subscription, wanted, secret, now }), signal)
  if (wanted === undefined) return { kind: 'waiting', reason: 'Waiting', retryAfterMs: 30_000 }
  if (wanted.verdict.kind === 'refused') return { kind: 'stalled', problems: [wanted.verdict.problem] }
  if (secret.kind !== 'as-wanted') return { kind: 'waiting', reason: 'Progressing', retryAfterMs: 2000 }
  const expiresInMs = expiryMs(subscription.spec.expiresAt) - around.nowMs
  return Number.isFinite(expiresInMs)
    ? { kind: 'waiting', reason: 'Ready', retryAfterMs: Math.max(1000, expiresInMs) }
    : { kind: 'ready' }
}

async function keepSecret(parts: Parts, wanted: WantedExternal, signal: AbortSignal): Promise<SeenSecret> {
  const seen = await lookAtSecret(parts, wanted, signal)
  if (wanted.verdict.kind === 'refused' || seen.kind === 'foreign' || seen.kind === 'as-wanted') return seen
  await writeSecret(parts, wanted, seen, signal)
  return lookAtSecret(parts, wanted, signal)
}

async function lookAtSecret({ kubernetes }: Parts, wanted: WantedExternal, signal: AbortSignal): Promise<SeenSecret> {
  const { namespace, uid } = wanted.subscription
  const found = await kubernetes.find({ kind: secretKind, namespace, name: wanted.secretName }, { signal })
  return compareSecret(found, uid, () => externalSecret(wanted))
}

async function writeSecret(
  { kubernetes, logger }: Parts,
  wanted: WantedExternal,
  seen: Extract<SeenSecret, { kind: 'absent' | 'drifted' }>,
  signal: AbortSignal,
): Promise<void> {
  const body = externalSecret(wanted)
  const { owner, subscription } = wanted
  logger.info({ tenant: owner.name, subscription: subscription.name, secret: seen.kind }, 'writing a secret')
  if (seen.kind === 'drifted') return mendObject(kubernetes, { kind: secretKind, body }, seen.mend, signal)
  try {
    await kubernetes.create(secretKind, body, { fieldManager, signal })
  } catch (error) {
    // Somebody was faster: the next look says who, and what is in it.
    if (!isAlreadyExists(error)) throw error
  }
}
