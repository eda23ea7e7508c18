import type { ReconcileResult } from '@bulkhead/runtime'
import type { Outcome } from '../outcome.ts'
import type { OperatorOptions } from './running.ts'

const jitter = 0.2

/** A look that is still good. */
export function freshest<L extends { readonly atMs: number }>(
  look: L | undefined,
  { clock, resyncMs }: Pick<OperatorOptions, 'clock' | 'resyncMs'>,
) {
  // A resync comes jittered by a fifth: whatever is older than the earliest one is looked at again.
  return look !== undefined && clock.now() - look.atMs < resyncMs * (1 - jitter) ? look : undefined
}

/** When to come back. */
export function requeue(
  outcome: Outcome,
  { resyncMs, random, clock }: OperatorOptions,
  dueAtMs = Infinity,
): ReconcileResult {
  const dueInMs = Math.max(0, dueAtMs - clock.now())
  const resyncAfterMs = Math.min(dueInMs, resyncMs * (1 - jitter + random() * 2 * jitter))
  switch (outcome.kind) {
    case 'gone':
      return {}
    case 'waiting':
      return { requeueAfterMs: Math.min(outcome.retryAfterMs, resyncAfterMs) }
    case 'ready':
    case 'stalled':
      return { requeueAfterMs: resyncAfterMs }
  }
}
