// The work queue of a controller: level-triggered, so a key means "look at this again", not "this happened".
import { backoffMs } from '../backoff.ts'
import type { Backoff } from '../backoff.ts'
import { pause } from '../pause.ts'
import { createDelayedKeys } from './delayed-keys.ts'
import type { DelayedKeys } from './delayed-keys.ts'
import { createReadyKeys } from './ready-keys.ts'
import type { ReadyKeys } from './ready-keys.ts'
import { createQueueMetrics } from './queue-metrics.ts'
import type { QueueMetrics } from './queue-metrics.ts'
import type { KeyedQueue, KeyedQueueOptions } from './types.ts'

const defaultBackoff: Backoff = { baseMs: 1_000, maxMs: 300_000, random: Math.random }
const defaultGraceMs = 10_000
// A reconcile that fails after a write of its own is woken by that very write: without a pause it would spin.
const failureCooldownMs = 1_000

// One group whose every key hangs must leave workers to the others.
const shareOfGroup = 1 / 4

/** Makes a queue that deduplicates keys, takes turns between groups and retries with back-off. */
export function createKeyedQueue<K extends string>(options: KeyedQueueOptions<K>): KeyedQueue<K> {
  return new Queue(options)
}

interface Failure {
  readonly count: number
  readonly atMs: number
}

/** Has a life: workers run in it until it is stopped. */
class Queue<K extends string> implements KeyedQueue<K> {
  readonly #options: KeyedQueueOptions<K>
  readonly #backoff: Backoff
  readonly #metrics: QueueMetrics
  readonly #ready: ReadyKeys<K>
  /** What the caller asked for: kept whatever else happens to the key. */
  readonly #delayed: DelayedKeys<K>
  /** What a reconcile asked for: replaced by the next one's answer. */
  readonly #retries: DelayedKeys<K>
  readonly #running = new Map<K, Promise<void>>()
  /** Those of the running that counted as slow when they began. */
  readonly #slow = new Set<K>()
  /** How many of each group run. */
  readonly #busy = new Map<string, number>()
  readonly #mostOfGroup: number
  /** Added while they ran: their reconcile may have read what was there before. */
  readonly #dirty = new Set<K>()
  readonly #failures = new Map<K, Failure>()
  /** Since when a key waits for a worker. */
  readonly #waitingSinceMs = new Map<K, number>()
  readonly #abort = new AbortController()
  #isStopped = false
  #idleWaiters: (() => void)[] = []

  constructor(options: KeyedQueueOptions<K>) {
    this.#options = options
    this.#backoff = options.backoff ?? defaultBackoff
    this.#mostOfGroup = Math.max(1, Math.floor(options.concurrency * shareOfGroup))
    this.#metrics = createQueueMetrics(options.name, options.metrics)
    this.#ready = createReadyKeys(options.groupOf)
    this.#delayed = createDelayedKeys(options.clock, (key) => this.add(key))
    this.#retries = createDelayedKeys(options.clock, (key) => this.#enqueue(key))
  }

  get size(): number {
    return this.#ready.size + this.#running.size + this.#delayed.size + this.#retries.size
  }

  add(key: K): void {
    const failure = this.#failures.get(key)
    const earliestMs = (failure?.atMs ?? -Infinity) + failureCooldownMs
    if (earliestMs > this.#options.clock.now() && !this.#running.has(key)) this.#retries.add(key, earliestMs)
    else this.#enqueue(key)
  }

  addAfter(key: K, delayMs: number): void {
    if (delayMs <= 0) this.add(key)
    else this.#delayed.add(key, this.#options.clock.now() + delayMs)
  }

  idle(): Promise<void> {
    if (this.#isIdle()) return Promise.resolve()
    return new Promise((resolve) => this.#idleWaiters.push(resolve))
  }

  async stop(graceMs = defaultGraceMs): Promise<void> {
    this.#isStopped = true
    this.#ready.clear()
    this.#waitingSinceMs.clear()
    this.#dirty.clear()
    this.#delayed.stop()
    this.#retries.stop()
    this.#announce()
    const ended = new AbortController()
    const allEnded = Promise.all(this.#running.values()).then(() => ended.abort())
    const isGraceOver = await pause(this.#options.clock, graceMs, ended.signal)
    if (isGraceOver) {
      this.#options.logger.warn({ queue: this.#options.name, running: this.#running.size }, 'stopping what still runs')
      this.#abort.abort(new Error('The queue was stopped'))
    }
    await allEnded
  }

  #enqueue(key: K): void {
    if (this.#isStopped) return
    if (this.#running.has(key)) {
      this.#dirty.add(key)
    } else if (!this.#ready.has(key)) {
      this.#ready.add(key)
      this.#waitingSinceMs.set(key, this.#options.clock.now())
    }
    this.#dispatch()
  }

  #dispatch(): void {
    while (this.#running.size < this.#options.concurrency) {
      const key = this.#takeNext()
      if (key === undefined) break
      const nowMs = this.#options.clock.now()
      this.#metrics.waited(nowMs - (this.#waitingSinceMs.get(key) ?? nowMs))
      this.#waitingSinceMs.delete(key)
      this.#retries.cancel(key)
      this.#running.set(key, this.#work(key))
    }
    this.#announce()
  }

  #takeNext(): K | undefined {
    const { slow, groupOf } = this.#options
    const isOpen = (group: string): boolean => (this.#busy.get(group) ?? 0) < this.#mostOfGroup
    const hasRoom = slow === undefined || this.#slow.size < slow.most
    const key = this.#ready.take(isOpen, (candidate) => hasRoom || !slow.isSlow(candidate))
    if (key === undefined) return undefined
    if (slow?.isSlow(key) === true) this.#slow.add(key)
    const group = groupOf(key)
    this.#busy.set(group, (this.#busy.get(group) ?? 0) + 1)
    return key
  }

  #leave(key: K): void {
    this.#running.delete(key)
    this.#slow.delete(key)
    const group = this.#options.groupOf(key)
    const left = (this.#busy.get(group) ?? 1) - 1
    if (left === 0) this.#busy.delete(group)
    else this.#busy.set(group, left)
  }

  /** Never rejects. */
  async #work(key: K): Promise<void> {
    const { clock, reconcile } = this.#options
    const startedMs = clock.now()
    // Not in the caller's stack: an add must return before the work that it causes begins.
    await Promise.resolve()
    this.#dirty.delete(key) // added before the work began: this run sees it
    try {
      const { requeueAfterMs } = (await reconcile(key, this.#abort.signal)) ?? {}
      this.#failures.delete(key)
      this.#metrics.worked(clock.now() - startedMs)
      if (requeueAfterMs !== undefined) this.#retries.add(key, clock.now() + requeueAfterMs)
    } catch (error) {
      this.#metrics.failed(clock.now() - startedMs)
      this.#fail(key, error)
    }
    this.#leave(key)
    if (this.#dirty.delete(key)) this.add(key)
    this.#dispatch()
  }

  #fail(key: K, error: unknown): void {
    const { clock, logger, name, groupOf } = this.#options
    const count = (this.#failures.get(key)?.count ?? 0) + 1
    const retryAfterMs = backoffMs(count - 1, this.#backoff)
    this.#failures.set(key, { count, atMs: clock.now() })
    this.#retries.add(key, clock.now() + retryAfterMs)
    logger.error(
      { queue: name, key, group: groupOf(key), failures: count, retryAfterMs, err: error },
      'reconcile failed',
    )
  }

  #isIdle(): boolean {
    return this.#ready.size === 0 && this.#running.size === 0
  }

  #announce(): void {
    this.#metrics.sized(this.#ready.size, this.#running.size, this.#failures.size)
    if (!this.#isIdle()) return
    const waiters = this.#idleWaiters
    this.#idleWaiters = []
    for (const wake of waiters) wake()
  }
}
