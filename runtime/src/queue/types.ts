import type { Backoff } from '../backoff.ts'
import type { Clock } from '../clock.ts'
import type { Logger } from '../logger.ts'
import type { Metrics } from '../metrics.ts'

export interface ReconcileResult {
  readonly requeueAfterMs?: number | undefined
}

export interface KeyedQueueOptions<K extends string> {
  /** For logs and metrics. */
  readonly name: string
  readonly concurrency: number
  /** Groups take turns, and one group has at most a quarter of the workers: its keys wait for each other first. */
  readonly groupOf: (key: K) => string
  /** Keys whose work takes long; at most `most` of them run at once, so that the others find a worker. */
  readonly slow?: { readonly isSlow: (key: K) => boolean; readonly most: number } | undefined
  /** Throwing means: try again later, with back-off. */
  // eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- a reconcile that returns nothing is the common one
  readonly reconcile: (key: K, signal: AbortSignal) => Promise<ReconcileResult | void>
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
  /** Doubling from 1 s to 5 min unless told. */
  readonly backoff?: Backoff | undefined
}

/** Every added key is reconciled after its last add; never twice at once; groups take turns. */
export interface KeyedQueue<K extends string> {
  add(key: K): void
  addAfter(key: K, delayMs: number): void
  /** Resolves when nothing waits or runs; what is delayed does not count. */
  idle(): Promise<void>
  /** Takes no more keys, waits for the running ones, aborts them after `graceMs` (10 s), and resolves when all ended. */
  stop(graceMs?: number): Promise<void>
  /** Keys that wait, run, or are delayed. */
  readonly size: number
}
