// The open streams of one server: who may open one, how many, and how they all end.
import { randomBytes } from 'node:crypto'
import { status } from '@grpc/grpc-js'
import type { NodeName, Window } from '../subscription/index.ts'
import type { StreamStatus } from './client-status.ts'
import { DiscoveryCall } from './discovery-call.ts'
import type { Call, CallContext, Ending } from './discovery-call.ts'
import { ByteBudget, OpenCount, TokenBuckets } from './limits.ts'
import type { Limits, Rate } from './limits.ts'
import type { Caller, Member } from './member.ts'

export interface StreamsOptions {
  /** Who made a call; undefined: nobody who may see anything. */
  readonly memberOf: (call: Caller) => Member | undefined
  readonly onFault: (fault: unknown) => void
  readonly limits: Limits
  readonly nowMs: () => number
  readonly random: () => number
  readonly sleep: (ms: number) => Promise<void>
  readonly answerTimeoutMs: number
}

/** What tells streams of one method from those of another. */
export interface Kind extends Pick<CallContext, 'variant' | 'types' | 'ownType' | 'isCounted' | 'maxNames'> {
  /** Of one identity. */
  readonly maxStreams: number
  readonly maxStreamsPerConnection: number
  readonly requests: Rate
}

interface Admitted extends Pick<CallContext, 'fleetFor' | 'expiresAtMs' | 'countRequest' | 'isCounted' | 'isCanary'> {
  readonly release: () => void
}

const WINDOW: Window = { maxResponses: 64, maxBytes: 1 << 20, maxResponseBytes: 1 << 20 }
const NO_MEMBER: Ending = {
  code: status.PERMISSION_DENIED,
  details: 'Cannot serve this certificate: it is no member of a fleet',
}
const NOT_FOR_ENVOYS: Ending = {
  code: status.PERMISSION_DENIED,
  details: "Cannot show other streams to an Envoy: use a client's certificate",
}
const DELTA_REQUIRED: Ending = {
  code: status.PERMISSION_DENIED,
  details: 'Cannot serve the state of the world to a fleet: use the delta variant of this method (api_type DELTA_GRPC)',
}
const SHUTDOWN: Ending = {
  code: status.UNAVAILABLE,
  details: 'Cannot go on: this server is going away, connect to another',
}

/** All the streams of one server. */
export class Streams {
  readonly #options: StreamsOptions
  readonly #budget: ByteBudget
  readonly #counts = new OpenCount()
  readonly #rates = new TokenBuckets()
  readonly #open = new Set<DiscoveryCall>()
  #isClosing = false

  constructor(options: StreamsOptions) {
    this.#options = options
    this.#budget = new ByteBudget(options.limits.maxBufferedBytes)
  }

  get size(): number {
    return this.#open.size
  }

  get bufferedBytes(): number {
    return this.#budget.usedBytes
  }

  /** Takes a call in, or ends it with the reason why not. */
  accept(call: Call, kind: Kind): void {
    const admitted = this.#admit(call, kind)
    if ('code' in admitted) {
      refuse(call, admitted)
      return
    }
    const { limits, nowMs, answerTimeoutMs, onFault } = this.#options
    const id = randomBytes(8).toString('hex')
    const onEnd = (): void => {
      admitted.release()
      this.#open.delete(opened)
    }
    const shared = { limits, nowMs, answerTimeoutMs, onFault, window: WINDOW, budget: this.#budget }
    const opened: DiscoveryCall = new DiscoveryCall(call, { ...kind, ...admitted, ...shared, id, onEnd })
    this.#open.add(opened)
  }

  /** Where the streams of the caller's fleet stand; not for an Envoy, which has no business with others of its kind. */
  statuses(call: Caller, matches: (node: NodeName) => boolean): readonly StreamStatus[] | Ending {
    const member = this.#options.memberOf(call)
    if (member === undefined) return NO_MEMBER
    if (member.role !== 'client') return NOT_FOR_ENVOYS
    const fleet = member.fleetFor(undefined)
    if ('code' in fleet) return fleet
    const all = [...this.#open].flatMap((open) => open.statusFor(fleet) ?? [])
    return all.filter(({ node }) => matches(node)).toSorted((a, b) => a.node.id.localeCompare(b.node.id))
  }

  /** Lets time pass on every stream. */
  tick(): void {
    const nowMs = this.#options.nowMs()
    for (const call of [...this.#open]) call.tick(nowMs)
    this.#rates.prune(nowMs)
  }

  /** Ends every stream, spread over the jitter, so that clients do not all arrive at the next server at once. */
  async end(jitterMs: number): Promise<void> {
    this.#isClosing = true
    const ends = [...this.#open].map(async (call) => {
      await this.#options.sleep(this.#options.random() * jitterMs)
      call.end(SHUTDOWN)
    })
    await Promise.all(ends)
  }

  #admit(call: Call, kind: Kind): Ending | Admitted {
    if (this.#isClosing) return SHUTDOWN
    const member = this.#options.memberOf(call)
    if (member === undefined) return NO_MEMBER
    // In a response that is not one group's, nobody could tell whose fault a refusal is.
    if (member.role !== 'client' && kind.variant === 'sotw') return DELTA_REQUIRED
    const type = kind.ownType ?? ''
    // All Envoys of a fleet have one identity; what tells them apart is their connection.
    const connection = `${type} ${call.getPeer()}`
    const releaseOne = this.#counts.open(connection, kind.maxStreamsPerConnection)
    if (releaseOne === undefined) return tooManyStreams('connection', kind.maxStreamsPerConnection)
    const releaseAll = this.#counts.open(`${type} ${member.id}`, kind.maxStreams)
    if (releaseAll === undefined) {
      releaseOne()
      return tooManyStreams('fleet', kind.maxStreams)
    }
    const release = (): void => {
      releaseOne()
      releaseAll()
    }
    const countRequest = (asksInVain: boolean): boolean =>
      this.#rates.take(asksInVain ? `${connection} in vain` : connection, kind.requests, this.#options.nowMs())
    const { fleetFor, expiresAtMs, role } = member
    const isCounted = kind.isCounted && role !== 'client'
    return { fleetFor, expiresAtMs, countRequest, release, isCounted, isCanary: role === 'canary' }
  }
}

function tooManyStreams(whose: 'connection' | 'fleet', max: number): Ending {
  return { code: status.RESOURCE_EXHAUSTED, details: `Cannot open a stream: this ${whose} has ${max} already` }
}

/** Ends a call before it became a stream. */
function refuse(call: Call, { code, details }: Ending): void {
  call.emit('error', { code, details })
}

/** Resolves after a while. */
export function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
