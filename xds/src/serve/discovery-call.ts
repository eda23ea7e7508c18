// One call: the state machine of its stream between a socket that may be slow and a snapshot that may change.
import { status } from '@grpc/grpc-js'
import type { ServerDuplexStream } from '@grpc/grpc-js'
import type { TypeUrl } from '@bulkhead/envoy'
import type { Fleet } from '../fleet/index.ts'
import { FleetStream } from '../fleet/index.ts'
import type {
  DiscoveryRequest,
  DiscoveryResponse,
  NodeName,
  TypePolicy,
  Variant,
  Window,
} from '../subscription/index.ts'
import type { StreamStatus } from './client-status.ts'
import type { ByteBudget, Limits } from './limits.ts'
import { readRequest, REQUEST_NAMES, spliceResponse } from './wire.ts'

export type Call = ServerDuplexStream<Buffer, Buffer>

/** What a call needs of the server that it belongs to. */
export interface CallContext {
  readonly id: string
  readonly variant: Variant
  /** Which fleet's snapshot a first request gets, or why none. */
  readonly fleetFor: (node: NodeName | undefined) => Fleet | Ending
  readonly types: readonly TypePolicy[]
  readonly ownType?: TypeUrl | undefined
  readonly isCounted: boolean
  readonly isCanary: boolean
  readonly window: Window
  readonly answerTimeoutMs: number
  readonly limits: Limits
  readonly budget: ByteBudget
  readonly maxNames: number
  /**
   * Counts a request; false when the connection sends them too fast. What asks for what nobody has is counted apart, so
   * that it uses up nothing of the others.
   */
  readonly countRequest: (asksInVain: boolean) => boolean
  readonly expiresAtMs: number
  readonly nowMs: () => number
  readonly onFault: (fault: unknown) => void
  readonly onEnd: () => void
}

/** A status that a stream ends with. */
export interface Ending {
  readonly code: status
  readonly details: string
}

// After this many responses or this long, others get their turn.
const MAX_RESPONSES_PER_TURN = 32
const MAX_TURN_MS = 5
const MAX_UNSENT_RESPONSES = 4

/** A call from its first message to its end. */
export class DiscoveryCall {
  readonly #call: Call
  readonly #context: CallContext
  #stream: FleetStream | undefined
  #fleet: Fleet | undefined
  #isScheduled = false
  #isEnded = false

  constructor(call: Call, context: CallContext) {
    this.#call = call
    this.#context = context
    call.on('data', (bytes: Buffer) => this.#guard(() => this.#take(bytes)))
    call.on('end', () => this.#close({ code: status.OK, details: '' }))
    call.on('cancelled', () => this.#forget())
    call.on('close', () => this.#forget())
    call.on('error', () => this.#forget())
  }

  /** Lets time pass on the stream, and ends it when its client's certificate is no longer valid. */
  tick(nowMs: number): void {
    this.#guard(() => {
      if (nowMs >= this.#context.expiresAtMs)
        this.end({ code: status.UNAUTHENTICATED, details: 'Cannot go on: the client certificate has expired' })
      if (this.#isEnded) return
      this.#stream?.tick(nowMs)
      this.#schedule()
    })
  }

  /** Where the stream stands, if it is one of this fleet. */
  statusFor(fleet: Fleet): StreamStatus | undefined {
    const protocol = this.#fleet === fleet ? this.#stream?.protocol : undefined
    return protocol?.node === undefined ? undefined : { node: protocol.node, types: protocol.status() }
  }

  /** Ends the stream with a status; more than the first time does nothing. */
  end(ending: Ending): void {
    this.#close(ending)
  }

  #close({ code, details }: Ending): void {
    if (this.#isEnded) return
    this.#forget()
    if (code === status.OK) this.#call.end()
    else this.#call.emit('error', { code, details })
  }

  #forget(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#stream?.close()
    this.#context.onEnd()
  }

  /** Nothing thrown here may leave the stream: grpc-js would take the process down. */
  #guard(work: () => void): void {
    try {
      if (!this.#isEnded) work()
    } catch (fault) {
      this.#context.onFault(fault)
      this.#close({ code: status.INTERNAL, details: 'Cannot go on with this stream: open another' })
    }
  }

  #take(bytes: Buffer): void {
    const request = this.#read(bytes)
    if (request === undefined) return
    const refusal = this.#refusalOf(request)
    if (refusal !== undefined) {
      this.#close(refusal)
      return
    }
    const stream = (this.#stream ??= this.#open(request))
    if (stream === undefined) return
    const handled = stream.handle(request)
    if (handled.kind === 'close') this.#close({ code: status[handled.status], details: handled.message })
    else this.#schedule()
  }

  #open({ node }: DiscoveryRequest): FleetStream | undefined {
    const { id, variant, types, ownType, window, answerTimeoutMs, isCounted, isCanary } = this.#context
    const fleet = this.#context.fleetFor(node)
    if ('code' in fleet) {
      this.#close(fleet)
      return undefined
    }
    this.#fleet = fleet
    const onChange = this.#schedule
    return new FleetStream(fleet, {
      ...{ id, variant, types, ownType, window, answerTimeoutMs, isCounted, isCanary, onChange },
    })
  }

  #read(bytes: Buffer): DiscoveryRequest | undefined {
    const { variant } = this.#context
    try {
      return readRequest(variant, bytes)
    } catch {
      const details = `Cannot read the request: it is no ${REQUEST_NAMES[variant]}`
      this.#close({ code: status.INVALID_ARGUMENT, details })
      return undefined
    }
  }

  #refusalOf(request: DiscoveryRequest): Ending | undefined {
    const { limits, maxNames, countRequest } = this.#context
    if (!countRequest(this.#asksInVain(request)))
      return tooMuch('requests come faster than this connection may send them')
    const names = nameCountOf(request)
    if (names > limits.maxNamesPerRequest)
      return tooMuch(`${names} names in a request, at most ${limits.maxNamesPerRequest}`)
    const subscribed = request.variant === 'delta' ? request.subscribe.length : 0
    if ((this.#stream?.protocol.subscribedCount ?? 0) + subscribed > maxNames)
      return tooMuch(`more than ${maxNames} names on a stream`)
    return undefined
  }

  /** Whether a request on demand names what does not exist. */
  #asksInVain(request: DiscoveryRequest): boolean {
    const [policy] = this.#context.types
    if (request.variant === 'sotw' || policy === undefined || policy.remembersUnknown) return false
    const fleet = this.#fleet ?? this.#context.fleetFor(request.node)
    return !('code' in fleet) && request.subscribe.some((name) => fleet.store.find(policy.typeUrl, name) === undefined)
  }

  // One function for the whole life: whoever keeps it until there is room keeps it once.
  readonly #schedule = (): void => {
    if (this.#isScheduled || this.#isEnded) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      this.#guard(() => this.#push())
    })
  }

  #push(): void {
    const startedAtMs = this.#context.nowMs()
    for (let count = 0; count < MAX_RESPONSES_PER_TURN; count += 1) {
      // A reader that does not read holds a few responses, and is woken when they are gone.
      if (this.#call.writableLength >= MAX_UNSENT_RESPONSES) return
      if (!this.#context.budget.hasRoom(this.#schedule)) return
      const response = this.#stream?.next(this.#context.nowMs())
      if (response === undefined) return
      this.#write(response)
      if (this.#context.nowMs() - startedAtMs > MAX_TURN_MS) break
    }
    this.#schedule()
  }

  #write(response: DiscoveryResponse): void {
    const bytes = spliceResponse(this.#context.variant, response)
    const giveBack = this.#context.budget.take(bytes.length)
    this.#call.once('close', giveBack)
    this.#call.write(bytes, () => {
      this.#call.off('close', giveBack)
      giveBack()
      this.#schedule()
    })
  }
}

function nameCountOf(request: DiscoveryRequest): number {
  if (request.variant === 'sotw') return request.names.length
  return request.subscribe.length + request.unsubscribe.length + request.initialVersions.size
}

function tooMuch(what: string): Ending {
  return { code: status.RESOURCE_EXHAUSTED, details: `Cannot serve this stream: ${what}` }
}
