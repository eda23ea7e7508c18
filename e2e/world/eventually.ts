import { systemClock, type Clock } from '@bulkhead/runtime'

/** Tries until it succeeds; throws the last failure when the time is over. The wait between tries grows to a quarter second. */
export async function eventually<T>(
  attempt: () => Promise<T> | T,
  options: { timeoutMs?: number; what?: string; clock?: Clock } = {},
): Promise<T> {
  const { timeoutMs = 20_000, what = 'it', clock = systemClock } = options
  const deadlineMs = clock.now() + timeoutMs
  for (let pauseMs = 20; ; pauseMs = Math.min(pauseMs * 2, 250)) {
    try {
      return await attempt()
    } catch (error) {
      if (clock.now() > deadlineMs)
        throw new Error(`Waited ${timeoutMs} ms in vain for ${what}: ${String(error)}`, { cause: error })
      await clock.sleep(pauseMs)
    }
  }
}
