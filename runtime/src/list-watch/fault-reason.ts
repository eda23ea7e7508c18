import { KubeFault, TransportFault, isExpired, isForbidden } from '../kubernetes/fault.ts'
import type { TransportProblem } from '../kubernetes/fault.ts'

/** Why a list or watch failed, as a metric label. */
export type FaultReason =
  TransportProblem | 'expired' | 'forbidden' | 'refused' | 'stalled' | 'stale' | 'ended' | 'other'

/** A list or watch of which the server never said that it failed. */
export class ListWatchFault extends Error {
  override readonly name = 'ListWatchFault'
  readonly reason: 'stalled' | 'stale' | 'ended'

  constructor(reason: 'stalled' | 'stale' | 'ended', message: string) {
    super(message)
    this.reason = reason
  }
}

/** Which kind of fault this is. */
export function faultReasonOf(error: unknown): FaultReason {
  if (error instanceof ListWatchFault) return error.reason
  if (error instanceof TransportFault) return error.problem
  if (isExpired(error)) return 'expired'
  if (isForbidden(error)) return 'forbidden'
  return error instanceof KubeFault ? 'refused' : 'other'
}
