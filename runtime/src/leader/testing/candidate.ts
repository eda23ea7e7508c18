// A candidate that can be stopped like a process is by SIGSTOP, whose clock can be set, and that remembers its terms.
import type { SteadyClock } from '../../clock.ts'
import { createLogger } from '../../logger.ts'
import { createMetrics } from '../../metrics.ts'
import type { MetricsRegistry } from '../../metrics.ts'
import { createElection } from '../election.ts'
import type { Election, ElectionOptions, LeaderTimings, Term } from '../types.ts'

export const timings: LeaderTimings = { leaseMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2_000 }

/** The clock of a process that can be stopped: time goes on, and whoever sleeps wakes when it runs again. */
export class ProcessClock implements SteadyClock {
  readonly #base: SteadyClock
  #skewMs = 0
  #suspendedMs = 0
  #gate = Promise.withResolvers<undefined>()
  isStopped = false

  constructor(base: SteadyClock) {
    this.#base = base
    this.#gate.resolve(undefined)
  }

  now(): number {
    return this.#base.now() + this.#skewMs
  }

  steadyMs(): number {
    return this.#base.steadyMs() - this.#suspendedMs
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    await this.#base.sleep(ms, signal)
    await this.#gate.promise
    signal?.throwIfAborted()
  }

  setBy(ms: number): void {
    this.#skewMs += ms
  }

  /** The machine was asleep for so long: only the time of day knows. */
  suspend(ms: number): void {
    this.#suspendedMs += ms
  }

  stop(): void {
    if (!this.isStopped) this.#gate = Promise.withResolvers<undefined>()
    this.isStopped = true
  }

  resume(): void {
    this.isStopped = false
    this.#gate.resolve(undefined)
  }
}

export interface Candidate {
  readonly election: Election
  readonly clock: ProcessClock
  readonly metrics: MetricsRegistry
  readonly log: string[]
  readonly terms: Term[]
  readonly stop: AbortController
  readonly ended: Promise<void>
}

type Wanted = Pick<ElectionOptions, 'client' | 'identity'> & {
  readonly base: SteadyClock
  readonly random?: () => number
  readonly timings?: LeaderTimings
  readonly lease?: ElectionOptions['lease']
  readonly work?: (term: Term) => Promise<void>
}

/** Starts a candidate whose work lasts as long as its term unless told otherwise. */
export function startCandidate(wanted: Wanted): Candidate {
  const { base, work = untilAborted, random = () => 0.5, ...rest } = wanted
  const clock = new ProcessClock(base)
  const metrics = createMetrics()
  const stop = new AbortController()
  const log: string[] = []
  const terms: Term[] = []
  const logger = createLogger({ name: 't', level: 'info', destination: { write: (line) => log.push(line) } })
  const lease = { namespace: 'bulkhead-system', name: 'bulkhead-operator' }
  const election = createElection({ lease, timings, ...rest, clock, random, logger, metrics, signal: stop.signal })
  const ended = election.run(async (term) => {
    terms.push(term)
    await work(term)
  })
  return { election, clock, metrics, log, terms, stop, ended }
}

export function untilAborted({ signal }: Pick<Term, 'signal'>): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
