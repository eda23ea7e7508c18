import type { SteadyClock } from '../clock.ts'
import type { KubeClient } from '../kubernetes/kube-client.ts'
import type { Logger } from '../logger.ts'
import type { Metrics } from '../metrics.ts'

export interface LeaderTimings {
  /** Another process may take the lease when it has seen no renewal for this long. */
  readonly leaseMs: number
  /** The leader stops writing when it could not renew for this long; the rest of the lease is for what is under way. */
  readonly renewDeadlineMs: number
  /** The pause between two attempts, jittered by a fifth. */
  readonly retryMs: number
}

export interface ElectionOptions {
  /** Its own writes must not be guarded by this election. */
  readonly client: Pick<KubeClient, 'find' | 'create' | 'replace'>
  readonly lease: { readonly namespace: string; readonly name: string }
  /** Names this run of this process: a process that starts again must come with another one. */
  readonly identity: string
  readonly timings: LeaderTimings
  readonly clock: SteadyClock
  /** Gives a number in [0, 1). */
  readonly random: () => number
  readonly logger: Logger
  readonly metrics: Metrics
  readonly signal: AbortSignal
}

/** The time during which this process leads. */
export interface Term {
  readonly holder: string
  /** Aborted when the lease was lost, and when the process is to stop; in the second case the lease is kept meanwhile. */
  readonly signal: AbortSignal
}

/** One process among those that want to lead. */
export interface Election {
  /** Whether the lease is surely ours, by our own clocks. */
  leads(): boolean
  /** Who holds the lease, as far as we saw; undefined when nobody does. */
  holder(): string | undefined
  /** Throws `LostLeadership` unless the lease is surely ours; asked right before every write to the outside. */
  demand(doing: string): void
  /**
   * Waits for the lease and runs `work` while it is ours, again and again until the signal is aborted. `work` ends when
   * its term's signal is aborted; the lease is given back after that. A fault of `work` gives it back too, so that
   * another process can try. Never rejects.
   */
  run(work: (term: Term) => Promise<void>): Promise<void>
}
