// One stream of a fleet, without its network: joins the protocol, the snapshot and the answers.
import type { TypeUrl } from '@bulkhead/envoy'
import { DiscoveryStream } from '../subscription/index.ts'
import type {
  DiscoveryRequest,
  DiscoveryResponse,
  Handled,
  Progress,
  TypePolicy,
  Variant,
  Window,
} from '../subscription/index.ts'
import type { AttachedStream, Fleet } from './fleet.ts'
import type { Change } from '../store/index.ts'
import { StreamView } from './stream-view.ts'

export interface FleetStreamOptions {
  readonly id: string
  readonly variant: Variant
  readonly types: readonly TypePolicy[]
  readonly ownType?: TypeUrl | undefined
  readonly window: Window
  readonly answerTimeoutMs: number
  /** Whether its answers decide what is programmed; a stream of certificates only does not. */
  readonly isCounted: boolean
  /** Whether it serves nobody, and therefore tries changes before those that do. */
  readonly isCanary?: boolean | undefined
  /** Called when there may be something to send. */
  readonly onChange: () => void
}

/** A stream that sees its fleet's snapshot until it is closed. */
export class FleetStream {
  readonly protocol: DiscoveryStream
  readonly #fleet: Fleet
  readonly #options: FleetStreamOptions
  readonly #unsubscribe: () => void
  #view: StreamView | undefined
  #attached: AttachedStream | undefined
  #detach: () => void = () => undefined

  constructor(fleet: Fleet, options: FleetStreamOptions) {
    this.#fleet = fleet
    this.#options = options
    const { variant, types, ownType, window, answerTimeoutMs } = options
    const makeView = (progress: Progress): StreamView => {
      this.#view = new StreamView(fleet, progress, { patienceMs: answerTimeoutMs, id: options.id })
      return this.#view
    }
    const noncePrefix = `${options.id}/`
    this.protocol = new DiscoveryStream({ variant, types, ownType, window, answerTimeoutMs, noncePrefix, makeView })
    this.#unsubscribe = fleet.store.subscribe((change) => this.#take(change))
  }

  /** Takes in a request, and lets the fleet know what it said about earlier responses. */
  handle(request: DiscoveryRequest): Handled {
    const handled = this.protocol.handle(request)
    if (handled.kind !== 'ok') return handled
    this.#attach()
    if (this.#attached === undefined) {
      if (handled.settled?.error !== undefined) this.#fleet.refusedAside(handled.settled)
      return handled
    }
    if (handled.settled !== undefined) this.#fleet.settled(this.#attached, handled.settled)
    this.#fleet.progressed(this.#attached, handled.adoptedGroups)
    return handled
  }

  /** The next response to send. */
  next(nowMs: number): DiscoveryResponse | undefined {
    const response = this.protocol.next(nowMs)
    if (response === undefined && this.#attached !== undefined) this.#fleet.rested(this.#attached)
    return response
  }

  /** Lets go of what has waited too long. */
  tick(nowMs: number): void {
    const late = this.protocol.tick(nowMs)
    for (const { typeUrl, name } of this.#view?.dueTurns(nowMs) ?? []) this.protocol.changed(typeUrl, [name])
    if (this.#attached !== undefined) this.#fleet.progressed(this.#attached, late)
  }

  /** Forgets the stream. */
  close(): void {
    this.#unsubscribe()
    this.#detach()
  }

  #attach(): void {
    if (this.#attached !== undefined || !this.#options.isCounted) return
    const { id, isCanary = false } = this.#options
    this.#attached = { id, nodeId: this.protocol.node?.id ?? '', isCanary, progress: this.protocol }
    this.#detach = this.#fleet.attach(this.#attached)
  }

  #take(change: Change): void {
    if (!this.#concerns(change)) return
    if (change.kind === 'group' && this.#fleet.store.published(change.group).size === 0)
      this.#view?.forget(change.group)
    if (change.kind === 'opened') this.protocol.changedAll()
    else for (const [typeUrl, names] of change.names) this.protocol.changed(typeUrl, names)
    // What is published may be what the stream has had all along, and then no answer will say so.
    const groups = change.kind === 'opened' ? this.#fleet.store.groups : [change.group]
    if (this.#attached !== undefined && change.kind !== 'proven') this.#fleet.progressed(this.#attached, groups)
    this.#options.onChange()
  }

  // There is a stream for each certificate: an edit must not wake all of them.
  #concerns(change: Change): boolean {
    const { ownType } = this.#options
    if (ownType === undefined || change.kind === 'opened') return true
    return (change.names.get(ownType) ?? []).some((name) => this.protocol.wants(ownType, name))
  }
}
