import type { ReconcileResult } from '@bulkhead/runtime'
import type { Counts } from './counts.ts'
import type { Publication } from './status.ts'
import { isComplete, noAnswerMs, reconnectMs } from './status.ts'

// Most answers come within a few milliseconds: to report before that would double the writes.
const settleMs = 500
// Not everything that completes a publication is an event: the longer nobody answers, the less often it is looked at.
const lookAgainMs = 60_000

function isPending(publication: Publication): boolean {
  return publication.blame === undefined && !isComplete(publication)
}

/** How long nothing is said of a publication because its answers may be about to come. */
export function settlesInMs(publication: Publication): number | undefined {
  const { envoys, ageMs } = publication
  return isPending(publication) && envoys.connected > 0 && ageMs < settleMs ? settleMs - ageMs : undefined
}

/**
 * How long the counts stay as they are shown. An edit is on its way to Envoys that had the one before, and after a start
 * of ours the fleet finds us one by one: what is counted meanwhile is no news, and each Tenant would be written twice.
 */
export function countsHeldInMs(publication: Publication, shown: Counts | undefined): number | undefined {
  const { envoys, ageMs } = publication
  if (shown === undefined) return undefined
  if (envoys.connected < shown.total && ageMs < reconnectMs) return reconnectMs - ageMs
  return isPending(publication) && ageMs < noAnswerMs ? noAnswerMs - ageMs : undefined
}

/** When time alone may change what is to be said. */
export function answersInMs(publication: Publication): number | undefined {
  const { envoys, ageMs } = publication
  if (isPending(publication)) return ageMs < noAnswerMs ? noAnswerMs - ageMs : Math.min(ageMs, lookAgainMs)
  return envoys.connected === 0 && ageMs < reconnectMs ? reconnectMs - ageMs : undefined
}

/** To come back at the first of some times, or at no time. */
export function soonest(...waits: readonly (number | undefined)[]): ReconcileResult {
  const known = waits.filter((ms) => ms !== undefined)
  return known.length === 0 ? {} : { requeueAfterMs: Math.min(...known) }
}
