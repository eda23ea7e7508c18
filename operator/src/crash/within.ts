import { setTimeout as sleep } from 'node:timers/promises'

/** Something was waited for, and did not come. */
export class Standstill extends Error {
  override readonly name = 'Standstill'
}

/** Waits for `work`, and throws when it is not over in time; `what` says what is waited for. */
export async function within<T>(limitMs: number, what: string, work: Promise<T>): Promise<T> {
  const over = new AbortController()
  const late = sleep(limitMs, undefined, { signal: over.signal, ref: false }).then(() => {
    throw new Standstill(`${what} is not over after ${limitMs} ms`)
  })
  // Whoever is first, the other one is nobody's any more.
  late.catch(() => undefined)
  try {
    return await Promise.race([work, late])
  } finally {
    over.abort()
  }
}
