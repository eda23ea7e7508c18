import type { Clock } from '@bulkhead/runtime'

export interface PacerOptions {
  readonly clock: Clock
  /** Runs a key's work after a delay; the same key twice is one run. */
  readonly schedule: (key: string, delayMs: number) => void
  /** What follows a first change within this time is merged. */
  readonly mergeMs: number
  /** How many publications a tenant may have at once, and how long until one more. */
  readonly burst: number
  readonly refillMs: number
}

/** What changed: a moved endpoint never waits for a tenant that edits in a loop, but takes nothing else along. */
export type Cause = 'objects' | 'endpoints'

interface State {
  startedMs: number
  dueMs: number | undefined
  tokens: number
  refilledMs: number
}

/**
 * Decides when a tenant's work runs: the first change at once, what follows at the end of the merge window, and a tenant
 * that never stops publishing at a bounded rate, for each new RouteConfiguration refills its local limits.
 */
export class Pacer {
  readonly #options: PacerOptions
  readonly #states = new Map<string, State>()

  constructor(options: PacerOptions) {
    this.#options = options
  }

  /** Asks for a run. */
  request(key: string, cause: Cause): void {
    const { clock, mergeMs, schedule } = this.#options
    const nowMs = clock.now()
    const state = this.#stateOf(key, nowMs)
    const dueMs = Math.max(nowMs, state.startedMs + mergeMs, cause === 'objects' ? this.#allowedMs(state, nowMs) : 0)
    if (state.dueMs !== undefined && state.dueMs <= dueMs) return
    state.dueMs = dueMs
    schedule(key, dueMs - nowMs)
  }

  /** Says that a run began: what is asked from now on is for the next one. */
  started(key: string): void {
    const nowMs = this.#options.clock.now()
    const state = this.#stateOf(key, nowMs)
    state.startedMs = nowMs
    state.dueMs = undefined
  }

  /** Whether a run that begins now may publish more than endpoints. */
  mayPublish(key: string): boolean {
    const nowMs = this.#options.clock.now()
    return this.#allowedMs(this.#stateOf(key, nowMs), nowMs) <= nowMs
  }

  /** Says that a run published something that counts. */
  published(key: string): void {
    const nowMs = this.#options.clock.now()
    const state = this.#stateOf(key, nowMs)
    this.#refill(state, nowMs)
    state.tokens = Math.max(0, state.tokens - 1)
  }

  forget(key: string): void {
    this.#states.delete(key)
  }

  #allowedMs(state: State, nowMs: number): number {
    this.#refill(state, nowMs)
    return state.tokens > 0 ? nowMs : state.refilledMs + this.#options.refillMs
  }

  #refill(state: State, nowMs: number): void {
    const { burst, refillMs } = this.#options
    const gained = Math.floor((nowMs - state.refilledMs) / refillMs)
    if (gained <= 0) return
    state.tokens = Math.min(burst, state.tokens + gained)
    state.refilledMs = state.tokens === burst ? nowMs : state.refilledMs + gained * refillMs
  }

  #stateOf(key: string, nowMs: number): State {
    const known = this.#states.get(key)
    if (known !== undefined) return known
    const { burst } = this.#options
    const state = { startedMs: -Infinity, dueMs: undefined, tokens: burst, refilledMs: nowMs }
    this.#states.set(key, state)
    return state
  }
}
