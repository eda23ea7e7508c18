import type { SteadyClock } from '../clock.ts'

/** An instant by both clocks. */
export interface Moment {
  readonly wallMs: number
  readonly steadyMs: number
}

/** How long the lease is still surely ours. */
export interface Tenure {
  /** Now; taken before a renewal is sent. */
  moment(): Moment
  /** The renewal that was sent then has arrived. */
  confirm(sent: Moment): void
  /** The lease is not ours, or we do not know. */
  end(): void
  /** Below or equal to 0 when nothing may be written any more. */
  remainingMs(): number
}

/**
 * Counts from the moment before the last renewal was sent: others saw it later, so they wait longer than we do. Of the
 * two clocks the one that ran further counts: the time of day may be set back, and a steady clock may stand still with
 * the machine.
 */
export function createTenure(clock: SteadyClock, renewDeadlineMs: number): Tenure {
  let renewed: Moment | undefined
  return {
    moment: () => ({ wallMs: clock.now(), steadyMs: clock.steadyMs() }),
    confirm: (sent) => {
      renewed = sent
    },
    end: () => {
      renewed = undefined
    },
    remainingMs: () => {
      if (renewed === undefined) return 0
      const passedMs = Math.max(clock.now() - renewed.wallMs, clock.steadyMs() - renewed.steadyMs)
      return renewDeadlineMs - passedMs
    },
  }
}
