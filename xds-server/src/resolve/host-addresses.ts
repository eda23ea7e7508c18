// resolve: where backends are. Names of External backends are looked up here and nowhere else (Envoy gets addresses,
// never a tenant's text to resolve); Services come from the API server. What may be used of it is decided by pure code.
import type { Clock, Logger, Metrics } from '@bulkhead/runtime'
import { refreshMs } from './refresh.ts'
import { createSlots } from './slots.ts'
import type { Slots } from './slots.ts'

/** One answer of the name service. */
export interface AddressRecord {
  readonly address: string
  /** Seconds. */
  readonly ttl: number
}

export interface HostAddressesOptions {
  /** Rejects with an error whose `code` is ENOTFOUND or ENODATA when the name has no address. */
  readonly lookUp: (host: string) => Promise<readonly AddressRecord[]>
  readonly maxConcurrent: number
  /** For one tenant: names that are never answered must not hold up another's. */
  readonly maxConcurrentPerTenant: number
  /** Called when what is known of a host changed. */
  readonly onChange: (host: string) => void
  readonly clock: Clock
  readonly random: () => number
  readonly logger: Logger
  readonly metrics: Metrics
  readonly signal: AbortSignal
}

export type HostState =
  | { readonly kind: 'pending' }
  /** Empty: the name has no address. */
  | { readonly kind: 'known'; readonly addresses: readonly string[] }

interface Watched {
  readonly wantedBy: Set<string>
  readonly ended: AbortController
  state: HostState
}

/** Keeps the addresses of every host that somebody wants; the last good ones stay whatever the name service does. */
export class HostAddresses {
  readonly #options: HostAddressesOptions
  readonly #hosts = new Map<string, Watched>()
  readonly #hostsOf = new Map<string, ReadonlySet<string>>()
  readonly #slots: Slots
  readonly #outcomes

  constructor(options: HostAddressesOptions) {
    this.#options = options
    this.#slots = createSlots({ count: options.maxConcurrent, countPerOwner: options.maxConcurrentPerTenant })
    this.#outcomes = options.metrics.counter({
      name: 'bulkhead_backend_lookups_total',
      help: 'Look-ups of External backends by outcome',
      labels: ['outcome'],
    })
  }

  /** Says which hosts a tenant wants from now on; a host that nobody wants any more is forgotten. */
  want(tenant: string, hosts: ReadonlySet<string>): void {
    for (const host of this.#hostsOf.get(tenant) ?? []) if (!hosts.has(host)) this.#release(tenant, host)
    for (const host of hosts) this.#watch(host, tenant).wantedBy.add(tenant)
    if (hosts.size === 0) this.#hostsOf.delete(tenant)
    else this.#hostsOf.set(tenant, new Set(hosts))
  }

  /** What is known of a host now. */
  get(host: string): HostState {
    return this.#hosts.get(host)?.state ?? { kind: 'pending' }
  }

  /** The tenants that want a host. */
  wantedBy(host: string): Iterable<string> {
    return this.#hosts.get(host)?.wantedBy ?? []
  }

  #watch(host: string, tenant: string): Watched {
    const known = this.#hosts.get(host)
    if (known !== undefined) return known
    const watched: Watched = { wantedBy: new Set([tenant]), ended: new AbortController(), state: { kind: 'pending' } }
    this.#hosts.set(host, watched)
    void this.#follow(host, watched)
    return watched
  }

  #release(tenant: string, host: string): void {
    const watched = this.#hosts.get(host)
    watched?.wantedBy.delete(tenant)
    if (watched?.wantedBy.size !== 0) return
    this.#hosts.delete(host)
    watched.ended.abort(new Error('Nobody wants this host any more'))
  }

  /** Never rejects. */
  async #follow(host: string, watched: Watched): Promise<void> {
    const { clock, random } = this.#options
    const signal = AbortSignal.any([this.#options.signal, watched.ended.signal])
    const hasEnded = (): boolean => signal.aborted
    let failures = 0
    while (!hasEnded()) {
      const outcome = await this.#lookUp(host, watched, signal)
      if (hasEnded()) return
      failures = outcome.kind === 'found' ? 0 : failures + 1
      this.#take(host, watched, nextState(watched.state, outcome))
      const ttlSeconds = outcome.kind === 'found' ? outcome.ttlSeconds : undefined
      await clock.sleep(refreshMs({ ttlSeconds, failures, random }), signal).catch(() => undefined) // only the abort rejects
    }
  }

  async #lookUp(host: string, { wantedBy }: Watched, signal: AbortSignal): Promise<LookUpOutcome> {
    const release = await this.#slots.take(() => wantedBy, signal).catch(() => undefined) // only the abort rejects
    if (release === undefined) return { kind: 'failed' }
    try {
      const records = await this.#options.lookUp(host)
      this.#outcomes.add({ outcome: 'found' })
      const ttlSeconds = Math.min(...records.map(({ ttl }) => ttl), 3600)
      const addresses = [...new Set(records.map(({ address }) => address))].sort()
      return addresses.length === 0 ? { kind: 'missing' } : { kind: 'found', addresses, ttlSeconds }
    } catch (error) {
      const kind = isMissing(error) ? 'missing' : 'failed'
      this.#outcomes.add({ outcome: kind })
      this.#options.logger.debug({ host, err: error }, 'backend host was not resolved')
      return { kind }
    } finally {
      release()
    }
  }

  #take(host: string, watched: Watched, state: HostState): void {
    const before = JSON.stringify(watched.state)
    watched.state = state
    if (JSON.stringify(state) !== before) this.#options.onChange(host)
  }
}

type LookUpOutcome =
  | { readonly kind: 'found'; readonly addresses: readonly string[]; readonly ttlSeconds: number }
  | { readonly kind: 'missing' }
  | { readonly kind: 'failed' }

// F-53: names flap and name services fail; traffic that flowed goes on to the last addresses that were good.
function nextState(state: HostState, outcome: LookUpOutcome): HostState {
  if (outcome.kind === 'found') return { kind: 'known', addresses: outcome.addresses }
  return outcome.kind === 'failed' || state.kind === 'known' ? state : { kind: 'known', addresses: [] }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOTFOUND' || error.code === 'ENODATA')
}
