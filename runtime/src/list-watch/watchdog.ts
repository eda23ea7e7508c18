import type { Clock } from '../clock.ts'
import { pause } from '../pause.ts'

export interface WatchdogOptions {
  readonly clock: Clock
  /** Silence for this long ends the connection: nothing else notices a peer that vanished without a FIN. */
  readonly stallMs: number
  /** The connection ends by then in any case. */
  readonly deadlineMs: number
  readonly onStall: () => void
  readonly onDeadline: () => void
}

export interface Watchdog {
  /** Something was heard. */
  feed(): void
  stop(): void
}

/** Calls `onStall` or `onDeadline` once, unless it is stopped first. */
export function startWatchdog({ clock, stallMs, deadlineMs, onStall, onDeadline }: WatchdogOptions): Watchdog {
  const stopped = new AbortController()
  let fedMs = clock.now()
  const run = async (): Promise<void> => {
    for (;;) {
      const nowMs = clock.now()
      if (nowMs >= deadlineMs || nowMs >= fedMs + stallMs) break
      const isOver = await pause(clock, Math.min(deadlineMs, fedMs + stallMs) - nowMs, stopped.signal)
      if (!isOver) return
    }
    if (clock.now() >= deadlineMs) onDeadline()
    else onStall()
  }
  void run()
  return {
    feed: () => {
      fedMs = clock.now()
    },
    stop: () => stopped.abort(),
  }
}
