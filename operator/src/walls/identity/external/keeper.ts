import { FetchRefused, checkKeys, freshnessOf } from '@bulkhead/identity'
import type { Freshness, GuardedFetch, KeysLife } from '@bulkhead/identity'
import { createKeyedQueue } from '@bulkhead/runtime'
import type { Clock, KeyedQueue, Logger, Metrics, ReconcileResult } from '@bulkhead/runtime'

/** Whose keys are to be kept, and where they are. */
export interface KeptIssuer {
  readonly uid: string
  /** The tenant's name, for logs and for waking. */
  readonly tenant: string
  readonly issuer: string
  readonly jwksUri: string
}

/** What the status remembers of the same issuer, for a process that is new. */
export interface Remembered {
  readonly jwks?: string | undefined
  readonly failingSinceMs?: number | undefined
}

/** Why the keys could not be fetched now. */
export interface KeysProblem {
  readonly kind: 'forbidden' | 'unavailable' | 'invalid'
  readonly message: string
}

/** What is known of an issuer's keys. */
export interface SeenKeys {
  /** The last good ones, while they may be believed. */
  readonly jwks: string | undefined
  readonly freshness: Freshness
  /** Undefined while all is well, and before the first answer. */
  readonly problem: KeysProblem | undefined
  /** Since when nothing good came; not told of a hiccup. */
  readonly failingSinceMs: number | undefined
}

/** Keeps the keys of tenants' own issuers: fetched over and over, the last good ones kept whatever comes. */
export interface KeyKeeper {
  /** What is known; what was not known is fetched at once, and nobody waits for that. */
  look(kept: KeptIssuer, remembered: Remembered): SeenKeys
  forget(uid: string): void
  /** Polls until the answer is called; tells whose keys, problem or freshness changed. */
  start(onChange: (tenant: string) => void): () => Promise<void>
}

export interface KeyKeeperOptions {
  readonly fetch: GuardedFetch
  readonly life: KeysLife
  readonly pollMs: number
  readonly timeoutMs: number
  /** Issuers that hang hold so many places and no more. */
  readonly concurrency: number
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
  /** Gives a number in [0, 1). */
  readonly random: () => number
}

interface Entry {
  readonly kept: KeptIssuer
  readonly jwks: string | undefined
  readonly problem: KeysProblem | undefined
  readonly failingSinceMs: number | undefined
  /** What somebody was told last, as one text to compare. */
  readonly told: string
}

type Fetched = { readonly jwks: string } | KeysProblem

const maxAnswerBytes = 256 * 1024
// A failure that lasts for less is told nobody: a status must not follow every hiccup of an issuer.
const hiccupMs = 600_000
const jitter = 0.1

/** Makes a keeper that knows of no issuer yet. */
export function createKeyKeeper(options: KeyKeeperOptions): KeyKeeper {
  return new Keeper(options)
}

/** Has a life: it polls between `start` and its answer. */
class Keeper implements KeyKeeper {
  readonly #options: KeyKeeperOptions
  readonly #entries = new Map<string, Entry>()
  readonly #queues = new Set<KeyedQueue<string>>()
  readonly #meters

  constructor(options: KeyKeeperOptions) {
    this.#options = options
    this.#meters = metersOf(options.metrics)
  }

  look(kept: KeptIssuer, remembered: Remembered): SeenKeys {
    const known = this.#entries.get(kept.uid)
    if (known !== undefined && isSame(known.kept, kept)) return this.#view(known)
    // The keys of another issuer are nobody's any more; another address of the same issuer takes none away.
    const { jwks, failingSinceMs } = known?.kept.issuer === kept.issuer ? known : remembered
    const entry: Entry = { kept, jwks, failingSinceMs, problem: undefined, told: '' }
    const view = this.#view(entry)
    this.#entries.set(kept.uid, { ...entry, told: JSON.stringify(view) })
    for (const queue of this.#queues) queue.add(kept.uid)
    return view
  }

  forget(uid: string): void {
    this.#entries.delete(uid)
    this.#measure()
  }

  start(onChange: (tenant: string) => void): () => Promise<void> {
    const { clock, logger, metrics, concurrency } = this.#options
    const stopper = new AbortController()
    const queue = createKeyedQueue<string>({
      ...{ name: 'issuers', clock, logger, metrics, concurrency },
      groupOf: (uid) => uid,
      reconcile: (uid) => this.#poll(uid, onChange, stopper.signal),
    })
    this.#queues.add(queue)
    for (const uid of this.#entries.keys()) queue.add(uid)
    return async () => {
      this.#queues.delete(queue)
      // An issuer that hangs must not hold up the end.
      stopper.abort(new Error('The keeper was stopped'))
      await queue.stop()
    }
  }

  async #poll(uid: string, onChange: (tenant: string) => void, signal: AbortSignal): Promise<ReconcileResult> {
    const before = this.#entries.get(uid)
    if (before === undefined) return {}
    const fetched = await this.#fetch(before.kept, signal)
    const { pollMs, random, clock } = this.#options
    if (fetched === undefined) return {}
    // Another issuer or address came meanwhile: what was fetched is not its.
    if (this.#entries.get(uid) !== before) return { requeueAfterMs: 0 }
    const now: Entry =
      'jwks' in fetched
        ? { ...before, jwks: fetched.jwks, problem: undefined, failingSinceMs: undefined }
        : { ...before, problem: fetched, failingSinceMs: before.failingSinceMs ?? clock.now() }
    const view = this.#view(now)
    const told = JSON.stringify(view)
    this.#entries.set(uid, { ...now, told })
    this.#measure()
    if (told !== before.told) this.#tell(now.kept, view, onChange)
    return { requeueAfterMs: pollMs * (1 - jitter + 2 * jitter * random()) }
  }

  /** Undefined when nobody waits for the answer any more. */
  async #fetch({ jwksUri }: KeptIssuer, signal: AbortSignal): Promise<Fetched | undefined> {
    const outcome = await this.#attempt(jwksUri, signal)
    if (outcome !== undefined) this.#meters.fetches.add({ outcome: 'jwks' in outcome ? 'good' : outcome.kind })
    return outcome
  }

  async #attempt(uri: string, signal: AbortSignal): Promise<Fetched | undefined> {
    const { fetch, timeoutMs } = this.#options
    try {
      const { status, body } = await fetch(uri, { maxBytes: maxAnswerBytes, timeoutMs, signal })
      if (status !== 200) return { kind: 'unavailable', message: `Cannot fetch "${uri}": it answers with ${status}` }
      const checked = checkKeys(parse(body))
      return checked.ok ? { jwks: checked.jwks } : { kind: 'invalid', message: checked.problem }
    } catch (error) {
      if (signal.aborted) return undefined
      if (!(error instanceof FetchRefused)) throw error
      return { kind: error.kind === 'forbidden' ? 'forbidden' : 'unavailable', message: error.message }
    }
  }

  // On a change only: an issuer that is down for days is one line, and one status.
  #tell({ tenant }: KeptIssuer, { problem }: SeenKeys, onChange: (tenant: string) => void): void {
    const { logger } = this.#options
    if (problem !== undefined) logger.warn({ tenant, why: problem.message }, 'keys of an issuer were not fetched')
    else logger.info({ tenant }, 'keys of an issuer changed')
    onChange(tenant)
  }

  #view({ jwks, problem, failingSinceMs }: Entry): SeenKeys {
    const { clock, life } = this.#options
    if (failingSinceMs === undefined) return { jwks, problem, freshness: 'fresh', failingSinceMs }
    const nowMs = clock.now()
    const freshness = freshnessOf(failingSinceMs, nowMs, life)
    return {
      ...{ problem, freshness, jwks: freshness === 'withdrawn' ? undefined : jwks },
      failingSinceMs: nowMs - failingSinceMs < hiccupMs ? undefined : failingSinceMs,
    }
  }

  #measure(): void {
    const failing = [...this.#entries.values()].flatMap(({ failingSinceMs }) => failingSinceMs ?? [])
    this.#meters.issuers.set(this.#entries.size)
    const longestMs = failing.length === 0 ? 0 : this.#options.clock.now() - Math.min(...failing)
    this.#meters.failing.set(Math.max(0, longestMs) / 1000)
  }
}

function metersOf(metrics: Metrics) {
  return {
    fetches: metrics.counter({
      name: 'bulkhead_issuer_key_fetches_total',
      help: "Fetches of the keys of tenants' own issuers, by outcome: good, forbidden, unavailable, invalid",
      labels: ['outcome'],
    }),
    issuers: metrics.gauge({ name: 'bulkhead_issuers', help: "Tenants' own issuers whose keys are fetched" }),
    failing: metrics.gauge({
      name: 'bulkhead_issuer_keys_failing_seconds',
      help: 'For how long the keys of the issuer that fails longest could not be fetched; 0 while all can',
    }),
  }
}

function isSame(left: KeptIssuer, right: KeptIssuer): boolean {
  return left.issuer === right.issuer && left.jwksUri === right.jwksUri
}

// A page where keys should be is refused like any other text that holds none.
function parse(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}
