import { setTimeout as sleep } from 'node:timers/promises'

/** Time as the platform sees it; tests may pass their own. */
export interface Clock {
  now(): number
  wait(durationMs: number, signal?: AbortSignal): Promise<void>
}

/** The machine's own time. */
export const machineClock: Clock = {
  now: () => Date.now(),
  wait: async (durationMs, signal) => {
    await sleep(durationMs, undefined, signal === undefined ? {} : { signal })
  },
}
