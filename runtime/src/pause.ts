import type { Clock } from './clock.ts'

/** Sleeps, and says whether the time is over (`true`) or the signal came first (`false`). */
export async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return false
  try {
    await clock.sleep(ms, signal)
    return true
  } catch (error) {
    if (isAborted(signal)) return false
    throw error
  }
}

/** Asked after an `await`, where the compiler still believes what was true before it. */
export function isAborted(signal: AbortSignal): boolean {
  return signal.aborted
}
