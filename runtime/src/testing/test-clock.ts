import type { SteadyClock } from '../clock.ts'

interface Sleeper {
  readonly dueMs: number
  readonly order: number
  readonly wake: () => void
}

/** A clock that stands still until `advance` is called. */
export class TestClock implements SteadyClock {
  #nowMs: number
  #skewMs = 0
  #order = 0
  readonly #sleepers = new Set<Sleeper>()

  constructor(startMs = 1_000_000) {
    this.#nowMs = startMs
  }

  now(): number {
    return this.#nowMs + this.#skewMs
  }

  steadyMs(): number {
    return this.#nowMs
  }

  /** Somebody sets the time of day: no time passes, and who sleeps sleeps on. */
  setBy(ms: number): void {
    this.#skewMs += ms
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(asError(signal.reason))
        return
      }
      const onAbort = (): void => {
        this.#sleepers.delete(sleeper)
        reject(asError(signal?.reason))
      }
      const wake = (): void => {
        this.#sleepers.delete(sleeper)
        signal?.removeEventListener('abort', onAbort)
        resolve()
      }
      const sleeper: Sleeper = { dueMs: this.#nowMs + Math.max(0, ms), order: this.#order++, wake }
      this.#sleepers.add(sleeper)
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  /** How many are asleep now. */
  get sleeping(): number {
    return this.#sleepers.size
  }

  /** Milliseconds until the next one wakes; `undefined` when nobody sleeps. */
  get nextWakeMs(): number | undefined {
    const next = this.#next()
    return next === undefined ? undefined : Math.max(0, next.dueMs - this.#nowMs)
  }

  /** Moves time on, waking sleepers in order; what they start may sleep again and is woken too when it is due. */
  async advance(ms: number): Promise<void> {
    const targetMs = this.#nowMs + ms
    await settle()
    for (let next = this.#next(); next !== undefined && next.dueMs <= targetMs; next = this.#next()) {
      this.#nowMs = Math.max(this.#nowMs, next.dueMs)
      next.wake()
      await settle()
    }
    this.#nowMs = targetMs
    await settle()
  }

  #next(): Sleeper | undefined {
    let first: Sleeper | undefined
    for (const sleeper of this.#sleepers) {
      if (first === undefined || sleeper.dueMs < first.dueMs) first = sleeper
    }
    return first
  }
}

// Promise chains that need no I/O run to their end between two turns of the event loop.
async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error('aborted', { cause: reason })
}
