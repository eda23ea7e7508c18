import type { SteadyClock } from '../clock.ts'
import type { LeaseRecord } from './lease.ts'

/** What we know of the one who holds the lease. */
export interface Rival {
  /** Takes what the lease says now, and answers whether it may be taken: nobody holds it, or its holder fell silent. */
  isSilent(record: LeaseRecord): boolean
}

/**
 * Judges a holder by its heartbeat alone. Its clock and ours may be hours apart, so what it wrote is never compared with
 * a time: only that it wrote, and how long ago we saw that by our steady clock.
 */
export function createRival(clock: SteadyClock, leaseMs: number): Rival {
  let beat: string | undefined
  let seenMs = 0
  return {
    isSilent: (record) => {
      if (record.beat !== beat) {
        beat = record.beat
        seenMs = clock.steadyMs()
      }
      if (record.holder === undefined) return true
      // The holder counts by its own duration, which another version may have set longer.
      return clock.steadyMs() - seenMs >= Math.max(leaseMs, record.durationMs)
    },
  }
}
