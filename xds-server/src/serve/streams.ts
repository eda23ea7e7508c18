// The open streams of one server: who may open one, how many, and how they all end.
import { randomBytes } from 'node:crypto'
import { status } from '@grpc/grpc-js'
import type { Fleet } from '../store/index.ts'
import type { Window } from '../subscription/index.ts'
import { DeltaCall } from './delta-call.ts'
import type { Call, CallContext, Ending } from './delta-call.ts'
import { spiffeIdOf } from './identity.ts'
import type { IdentityOf } from './identity.ts'
import { ByteBudget, OpenCount, TokenBuckets } from './limits.ts'
import type { Limits, Rate } from './limits.ts'

export interface StreamsOptions {
  readonly identityOf: IdentityOf
  readonly fleetOf: (fleet: string) => Fleet | undefined
  readonly onFault: (fault: unknown) => void
  readonly limits: Limits
  readonly nowMs: () => number
  readonly random: () => number
  readonly sleep: (ms: number) => Promise<void>
  readonly answerTimeoutMs: number
}

/** What tells streams of one method from those of another. */
export interface Kind extends Pick<CallContext, 'types' | 'ownType' | 'isCounted'> {
  /** Of one identity. */
  readonly maxStreams: number
  readonly maxStreamsPerConnection: number
  readonly requests: Rate
}

interface Admitted extends Pick<CallContext, 'identity' | 'fleet' | 'countRequest'> {
  readonly release: () => void
}

const WINDOW: Window = { maxResponses: 64, maxBytes: 1 << 20, maxResponseBytes: 1 << 20 }
const NO_MEMBER: Ending = {
  code: status.PERMISSION_DENIED,
  details: 'Cannot serve this certificate: it is no member of a fleet',
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
  readonly #open = new Set<DeltaCall>()
  #isClosing = false

  constructor(options: StreamsOptions) {
    this.#options = options
    this.#budget = new ByteBudget(options.limits.maxBufferedBytes)
  }

  get isClosing(): boolean {
    return this.#isClosing
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
    const expiresAtMs = Date.parse(call.getAuthContext().sslPeerCertificate?.valid_to ?? '')
    const id = randomBytes(8).toString('hex')
    const onEnd = (): void => {
      admitted.release()
      this.#open.delete(delta)
    }
    const shared = { limits, nowMs, answerTimeoutMs, onFault, window: WINDOW, budget: this.#budget }
    const delta: DeltaCall = new DeltaCall(call, { ...admitted, ...kind, ...shared, id, expiresAtMs, onEnd })
    this.#open.add(delta)
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
    const uri = spiffeIdOf(call.getAuthContext().sslPeerCertificate?.subjectaltname)
    const membership = uri === undefined ? undefined : this.#membershipOf(uri)
    if (uri === undefined || membership === undefined) return NO_MEMBER
    const type = kind.ownType ?? ''
    // All Envoys of a fleet have one identity; what tells them apart is their connection.
    const connection = `${type} ${call.getPeer()}`
    const releaseOne = this.#counts.open(connection, kind.maxStreamsPerConnection)
    if (releaseOne === undefined) return tooManyStreams('connection', kind.maxStreamsPerConnection)
    const releaseAll = this.#counts.open(`${type} ${uri}`, kind.maxStreams)
    if (releaseAll === undefined) {
      releaseOne()
      return tooManyStreams('fleet', kind.maxStreams)
    }
    const release = (): void => {
      releaseOne()
      releaseAll()
    }
    const countRequest = (): boolean => this.#rates.take(connection, kind.requests, this.#options.nowMs())
    return { ...membership, countRequest, release }
  }

  #membershipOf(uri: string): Pick<Admitted, 'identity' | 'fleet'> | undefined {
    const identity = this.#options.identityOf(uri)
    const fleet = identity === undefined ? undefined : this.#options.fleetOf(identity.fleet)
    return identity === undefined || fleet === undefined ? undefined : { identity, fleet }
  }
}

function tooManyStreams(whose: 'connection' | 'fleet', max: number): Ending {
  return { code: status.RESOURCE_EXHAUSTED, details: `Cannot open a stream: this ${whose} has ${max} already` }
}

/** Ends a call before it became a stream. */
export function refuse(call: Call, { code, details }: Ending): void {
  call.emit('error', { code, details })
}

/** Resolves after a while. */
export function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
