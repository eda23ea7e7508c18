// One stream: its node, its types, and what is sent next on it. No clock, no network, no randomness.
import type { TypeUrl } from '@bulkhead/envoy'
import { TYPE_URLS } from '@bulkhead/envoy'
import type {
  DiscoveryRequest,
  DiscoveryResponse,
  NodeName,
  Progress,
  Rejection,
  Settled,
  TypeStatus,
  Variant,
  View,
} from './protocol.ts'
import type { TypePolicy } from './resource-types.ts'
import { TypeSubscription } from './type-subscription.ts'
import type { Window } from './type-subscription.ts'

export interface DiscoveryStreamOptions {
  readonly variant: Variant
  readonly types: readonly TypePolicy[]
  readonly window: Window
  /** How long an answer may take before its place in the window is freed. */
  readonly answerTimeoutMs: number
  /** Makes nonces of this stream differ from those of any other. */
  readonly noncePrefix: string
  /** The type that an empty type URL means; none on an aggregated stream. */
  readonly ownType?: TypeUrl | undefined
  readonly makeView: (progress: Progress) => View
}

/** What a request led to: the stream goes on, or it ends. */
export type Handled =
  | { readonly kind: 'ok'; readonly settled?: Settled | undefined; readonly adoptedGroups: readonly string[] }
  | { readonly kind: 'close'; readonly status: 'INVALID_ARGUMENT'; readonly message: string }

/** The state machine of one stream, of either variant. */
export class DiscoveryStream implements Progress {
  readonly #options: DiscoveryStreamOptions
  readonly #view: View
  readonly #types = new Map<TypeUrl, TypeSubscription>()
  readonly #quiet = new Set<TypeUrl>()
  #node: NodeName | undefined
  #hasNewlyQuiet = false
  #nonces = 0

  constructor(options: DiscoveryStreamOptions) {
    this.#options = options
    this.#view = options.makeView(this)
  }

  get node(): NodeName | undefined {
    return this.#node
  }

  /** How many names were asked for one by one. */
  get subscribedCount(): number {
    return [...this.#types.values()].reduce((sum, type) => sum + type.subscribedCount, 0)
  }

  /** Takes in a request of the client. */
  handle(request: DiscoveryRequest): Handled {
    const refusal = this.#checkNode(request.node)
    if (refusal !== undefined) return close(refusal)
    const typeUrl = request.typeUrl === '' ? this.#options.ownType : request.typeUrl
    if (typeUrl === undefined)
      return close('Cannot serve a request without type_url on an aggregated stream: name a type')
    const policy = this.#options.types.find((each) => each.typeUrl === typeUrl)
    // A type that we do not serve gets nothing, and harms no other type.
    return policy === undefined ? { kind: 'ok', adoptedGroups: [] } : this.#handleType(policy, request)
  }

  #handleType(policy: TypePolicy, request: DiscoveryRequest): Handled {
    const known = this.#types.get(policy.typeUrl)
    const type = known ?? new TypeSubscription(policy, this.#options.variant, this.#options.window)
    if (known === undefined) this.#types.set(policy.typeUrl, type)
    const settled = type.request(this.#believed(request, policy.typeUrl), this.#view)
    for (const group of settled?.groups ?? []) this.#release(group)
    // What the client let go of may be what a removal was waiting for.
    if (request.variant === 'sotw' || request.unsubscribe.length > 0) this.#release(undefined)
    const adopted = known === undefined && request.variant === 'delta' ? [...request.initialVersions.keys()] : []
    const groups = adopted
      .map((name) => this.#view.groupOf(policy.typeUrl, name))
      .filter((group) => group !== undefined)
    return { kind: 'ok', settled, adoptedGroups: [...new Set(groups)] }
  }

  // Endpoints are of no use without their cluster: a client that gets its clusters anew gets their endpoints anew.
  #believed(request: DiscoveryRequest, typeUrl: TypeUrl): DiscoveryRequest {
    const clusters = this.#types.get(TYPE_URLS.cluster)
    if (request.variant === 'sotw' || typeUrl !== TYPE_URLS.endpoints || clusters?.isFresh !== true) return request
    return { ...request, initialVersions: new Map() }
  }

  /** Says that names of a type may have changed. */
  changed(typeUrl: TypeUrl, names: Iterable<string>): void {
    const type = this.#types.get(typeUrl)
    if (type !== undefined) for (const name of names) type.touch(name, this.#view)
  }

  /** Says that anything may have changed. */
  changedAll(): void {
    for (const type of this.#types.values()) type.touchAll(this.#view)
  }

  /** Lets go of what has waited too long; gives the groups whose answers are overdue. */
  tick(nowMs: number): readonly string[] {
    const late = [...this.#types.values()].flatMap((type) =>
      type.expire(nowMs, this.#options.answerTimeoutMs, this.#view),
    )
    for (const group of [...late, ...this.#view.overdueGroups(nowMs)]) this.#release(group)
    return [...new Set(late)]
  }

  /** The next response to send, or undefined when there is none for now. */
  next(nowMs: number): DiscoveryResponse | undefined {
    // A type that falls quiet lets others go on, those before it too.
    for (let response = this.#pass(nowMs); ; response = this.#pass(nowMs))
      if (response !== undefined || !this.#hasNewlyQuiet) return response
  }

  #pass(nowMs: number): DiscoveryResponse | undefined {
    this.#hasNewlyQuiet = false
    for (const { typeUrl } of this.#options.types) {
      const type = this.#types.get(typeUrl)
      if (type === undefined) continue
      const response = this.#nextOf(type, nowMs)
      if (response === undefined) continue
      this.#nonces += 1
      // Endpoints of a changed cluster are sent again: Envoy's new copy of the cluster waits for them.
      if (typeUrl === TYPE_URLS.cluster) this.#resendEndpoints(response)
      return response
    }
    return undefined
  }

  #nextOf(type: TypeSubscription, nowMs: number): DiscoveryResponse | undefined {
    const wasQuiet = this.#quiet.has(type.policy.typeUrl)
    const response = type.next(this.#view, nowMs, `${this.#options.noncePrefix}${this.#nonces + 1}`)
    if (!type.isIdle) this.#quiet.delete(type.policy.typeUrl)
    else if (!wasQuiet) {
      this.#quiet.add(type.policy.typeUrl)
      // Listeners, and removals whose owner is unknown, wait for a type to be quiet.
      this.#release(undefined)
      this.#hasNewlyQuiet = true
    }
    return response
  }

  /** Where each type stands that was asked for. */
  status(): readonly TypeStatus[] {
    return [...this.#types.values()].map((type) => type.status())
  }

  isSubscribed(typeUrl: TypeUrl): boolean {
    return this.#types.has(typeUrl)
  }

  wants(typeUrl: TypeUrl, name: string): boolean {
    return this.#types.get(typeUrl)?.wants(name) ?? false
  }

  ackedVersion(typeUrl: TypeUrl, name: string): string | undefined {
    return this.#types.get(typeUrl)?.ackedVersion(name)
  }

  rejection(typeUrl: TypeUrl, name: string): Rejection | undefined {
    return this.#types.get(typeUrl)?.rejection(name)
  }

  heldGroup(typeUrl: TypeUrl, name: string): string | undefined {
    return this.#types.get(typeUrl)?.heldGroup(name)
  }

  tracked(typeUrl: TypeUrl, group: string): Iterable<string> {
    return this.#types.get(typeUrl)?.tracked(group) ?? []
  }

  hasBeenIdle(typeUrl: TypeUrl): boolean {
    return this.#types.get(typeUrl)?.hasBeenIdle ?? false
  }

  isIdle(typeUrl: TypeUrl): boolean {
    return this.#types.get(typeUrl)?.isIdle ?? false
  }

  #release(group: string | undefined): void {
    for (const type of this.#types.values()) type.release(group)
  }

  #resendEndpoints(response: DiscoveryResponse): void {
    const endpoints = this.#types.get(TYPE_URLS.endpoints)
    for (const name of response.changed) endpoints?.resend(name, this.#view)
  }

  #checkNode(node: NodeName | undefined): string | undefined {
    const first = this.#node ?? node
    if (first === undefined || first.id === '') return 'Cannot serve a stream without node.id: set it in the bootstrap'
    this.#node = first
    if (node === undefined || (node.id === first.id && node.cluster === first.cluster)) return undefined
    return `Cannot change the node of a stream from "${first.id}" to "${node.id}": open another stream`
  }
}

function close(message: string): Handled {
  return { kind: 'close', status: 'INVALID_ARGUMENT', message }
}
