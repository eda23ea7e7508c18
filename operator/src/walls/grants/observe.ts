import type { Claim, Judgement, Terms } from '@bulkhead/database'
import type { Parts } from '../../parts.ts'

/** What the claim would get now. */
export function observeGrants(parts: Parts, claim: Claim, signal: AbortSignal): Promise<Judgement> {
  return parts.registry.inspect(claim, termsOf(parts), signal)
}

/** What grants are judged by. */
export function termsOf({ settings, clock }: Pick<Parts, 'settings' | 'clock'>): Terms {
  const { capacityRequestsPerSecond: capacity, quarantineMs } = settings
  return { capacity, quarantineMs, nowMs: clock.now() }
}
