import type { Claim } from '@bulkhead/database'
import type { Parts } from '../../parts.ts'
import { termsOf } from './observe.ts'

/** Grants what can be granted, after every claim that came before. */
export async function applyGrants(parts: Parts, claim: Claim, signal: AbortSignal): Promise<void> {
  await parts.registry.claim(claim, termsOf(parts), signal)
}
