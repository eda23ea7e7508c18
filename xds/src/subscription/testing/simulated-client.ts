// A client for tests: it keeps what it is sent, as Envoy does, and answers only when it is told to.
import { decode, TYPE_URLS } from '@bulkhead/envoy'
import type { TypeUrl } from '@bulkhead/envoy'
import type { Handled } from '../discovery-stream.ts'
import type { DeltaRequest, DiscoveryRequest, DiscoveryResponse } from '../protocol.ts'

const SCOPE = 'envoy.config.route.v3.ScopedRouteConfiguration'
const NODE = { id: 'client', cluster: 'fleet' }

export type Asked = Partial<Omit<DeltaRequest, 'typeUrl'>>

/** The server's end of a stream. */
export interface ServerEnd {
  handle(request: DiscoveryRequest): Handled
  next(nowMs: number): DiscoveryResponse | undefined
  tick(nowMs: number): unknown
}

/** A delta client without a network. */
export class SimulatedClient<End extends ServerEnd = ServerEnd> {
  readonly stream: End
  readonly received: DiscoveryResponse[] = []
  readonly #has = new Map<string, Map<string, string>>()
  readonly #asked = new Map<TypeUrl, ReadonlySet<string>>()
  readonly #routes = new Map<string, string>()
  #nowMs = 0

  constructor(stream: End) {
    this.stream = stream
  }

  /** Sends a request; most of it may be left out. */
  ask(typeUrl: string, asked: Asked = {}): Handled {
    const empty = { subscribe: [], unsubscribe: [], initialVersions: new Map<string, string>(), responseNonce: '' }
    const handled = this.stream.handle({ variant: 'delta', node: NODE, ...empty, ...asked, typeUrl })
    const has = this.#of(typeUrl)
    for (const [name, version] of asked.initialVersions ?? []) has.set(name, version)
    return handled
  }

  /** Takes in all that is sent now, without answering. */
  receive(): readonly DiscoveryResponse[] {
    const now: DiscoveryResponse[] = []
    for (let next = this.stream.next(this.#nowMs); next !== undefined; next = this.stream.next(this.#nowMs))
      now.push(next)
    this.received.push(...now)
    return now
  }

  /** Accepts a response. */
  ack(response: DiscoveryResponse): void {
    const has = this.#of(response.typeUrl)
    for (const { name, version } of response.resources) has.set(name, version)
    for (const name of response.removed) has.delete(name)
    if (response.typeUrl === TYPE_URLS.scopedRoute) this.#learnRoutes(response)
    this.ask(response.typeUrl, { responseNonce: response.nonce })
  }

  /** Refuses a response. */
  nack(response: DiscoveryResponse, error = 'refused'): void {
    this.ask(response.typeUrl, { responseNonce: response.nonce, error })
  }

  /** Takes in and accepts until nothing more comes; gives all that came. */
  drain(afterEach: (response: DiscoveryResponse) => void = () => undefined): readonly DiscoveryResponse[] {
    const all: DiscoveryResponse[] = []
    for (let now = this.receive(); now.length > 0; now = this.receive()) {
      all.push(...now)
      for (const response of now) {
        this.ack(response)
        afterEach(response)
      }
    }
    return all
  }

  /** Lets time pass. */
  wait(ms: number): void {
    this.#nowMs += ms
    this.stream.tick(this.#nowMs)
  }

  /** What the client holds of a type: versions by name. */
  has(typeUrl: TypeUrl): ReadonlyMap<string, string> {
    return this.#of(typeUrl)
  }

  /** Asks for everything, in the order in which an Envoy starts. */
  subscribeAll(): void {
    for (const typeUrl of [TYPE_URLS.cluster, TYPE_URLS.listener, TYPE_URLS.scopedRoute]) this.ask(typeUrl)
  }

  /** Behaves as an Envoy until it is content: accepts, then asks for the endpoints and routes it has heard of. */
  follow(
    afterEach: (has: (typeUrl: TypeUrl) => ReadonlyMap<string, string>) => void = () => undefined,
  ): readonly DiscoveryResponse[] {
    const all: DiscoveryResponse[] = []
    const check = (): void => afterEach((typeUrl) => this.has(typeUrl))
    for (;;) {
      this.#askAbout(TYPE_URLS.endpoints, [...this.has(TYPE_URLS.cluster).keys()])
      this.#askAbout(TYPE_URLS.routeConfiguration, [...new Set(this.#routes.values())])
      const now = this.drain(check)
      all.push(...now)
      if (now.length === 0) return all
    }
  }

  #learnRoutes({ resources, removed }: DiscoveryResponse): void {
    for (const { name, bytes } of resources) this.#routes.set(name, decode(SCOPE, bytes).routeConfigurationName ?? '')
    for (const name of removed) this.#routes.delete(name)
  }

  #askAbout(typeUrl: TypeUrl, names: readonly string[]): void {
    const asked = this.#asked.get(typeUrl) ?? new Set()
    this.#asked.set(typeUrl, new Set(names))
    const subscribe = names.filter((name) => !asked.has(name))
    const unsubscribe = [...asked].filter((name) => !names.includes(name))
    for (const name of unsubscribe) this.#of(typeUrl).delete(name)
    if (subscribe.length + unsubscribe.length > 0) this.ask(typeUrl, { subscribe, unsubscribe })
  }

  #of(typeUrl: string): Map<string, string> {
    const known = this.#has.get(typeUrl) ?? new Map<string, string>()
    this.#has.set(typeUrl, known)
    return known
  }
}
