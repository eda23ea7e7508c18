/** The only way our processes see time, so that a test can pass it in. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Resolves after `ms`; rejects with the signal's reason as soon as the signal is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** A clock that can also measure how long something took, whatever is done to the time of day meanwhile. */
export interface SteadyClock extends Clock {
  /** Milliseconds from an arbitrary start; they only go forward. They may stand still while the machine is suspended. */
  steadyMs(): number
}

// Node turns a longer delay into 1 ms, which would be a busy loop.
const longestTimerMs = 2 ** 31 - 1

/** The machine's clock. */
export const systemClock: SteadyClock = {
  now: () => Date.now(),
  steadyMs: () => performance.now(),
  // Not the promise of Node's own timer: that makes an error with a stack for every sleep that is ended early, and the
  // time limit of every call is such a sleep.
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer)
        reject(reasonOf(signal))
      }
      const wake = (): void => {
        signal?.removeEventListener('abort', end)
        resolve()
      }
      const timer = setTimeout(wake, Math.min(Math.max(0, ms), longestTimerMs))
      if (signal?.aborted === true) end()
      else signal?.addEventListener('abort', end, { once: true })
    }),
}

/** A time as the API server writes it: RFC 3339 in whole seconds. */
export function timestamp(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z')
}

function reasonOf(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason
  return reason instanceof Error ? reason : new Error('aborted', { cause: reason })
}
