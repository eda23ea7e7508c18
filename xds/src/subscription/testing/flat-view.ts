// A view for tests in which nothing waits for anything: every name is there or not.
import { makeResource, TYPE_URLS } from '@bulkhead/envoy'
import type { EncodedResource, TypeUrl } from '@bulkhead/envoy'
import { AGGREGATED_TYPES, DiscoveryStream } from '../index.ts'
import type { DiscoveryResponse, DiscoveryStreamOptions, Verdict, View } from '../index.ts'
import { SimulatedClient } from './simulated-client.ts'
import { WorldClient } from './world-client.ts'

/** The window that production uses. */
export const WINDOW = { maxResponses: 64, maxBytes: 1 << 20, maxResponseBytes: 1 << 20 }

/** Resources without an order between them. */
export class FlatView implements View {
  isOpen = true
  readonly #entries = new Map<string, { group: string; resource: EncodedResource }>()
  readonly #streams = new Set<DiscoveryStream>()
  readonly withheld = new Set<string>()

  put(typeUrl: TypeUrl, name: string, text: string, group = 'g'): void {
    this.#entries.set(`${typeUrl}\n${name}`, { group, resource: makeResource(typeUrl, name, Buffer.from(text)) })
    for (const stream of this.#streams) stream.changed(typeUrl, [name])
  }

  drop(typeUrl: TypeUrl, name: string): void {
    this.#entries.delete(`${typeUrl}\n${name}`)
    for (const stream of this.#streams) stream.changed(typeUrl, [name])
  }

  verdictOf(typeUrl: TypeUrl, name: string): Verdict {
    if (this.withheld.has(name)) return { kind: 'withheld', until: 'progress' }
    const entry = this.#entries.get(`${typeUrl}\n${name}`)
    return entry === undefined ? { kind: 'absent' } : { kind: 'present', ...entry }
  }

  groupOf(typeUrl: TypeUrl, name: string): string | undefined {
    return this.#entries.get(`${typeUrl}\n${name}`)?.group
  }

  names(typeUrl: TypeUrl): Iterable<string> {
    return [...this.#entries.values()]
      .map(({ resource }) => resource)
      .filter((each) => each.typeUrl === typeUrl)
      .map((each) => each.name)
  }

  overdueGroups(): readonly string[] {
    return []
  }

  connect(options: Partial<DiscoveryStreamOptions> = {}): SimulatedClient<DiscoveryStream> {
    return new SimulatedClient(this.#open(options))
  }

  /** A client of the state of the world. */
  connectWorld(): WorldClient {
    return new WorldClient(this.#open({ variant: 'sotw' }))
  }

  #open(options: Partial<DiscoveryStreamOptions>): DiscoveryStream {
    const stream = new DiscoveryStream({
      variant: 'delta',
      types: AGGREGATED_TYPES,
      window: WINDOW,
      answerTimeoutMs: 5000,
      noncePrefix: `${this.#streams.size}-`,
      makeView: () => this,
      ...options,
    })
    this.#streams.add(stream)
    return stream
  }
}

/** A view with a cluster for each name, all in one group. */
export function world(...names: readonly string[]): FlatView {
  const view = new FlatView()
  for (const name of names) view.put(TYPE_URLS.cluster, name, `first ${name}`)
  return view
}

/** What responses say: names, and removed names with a minus. */
export function sent(responses: readonly DiscoveryResponse[]): readonly string[] {
  return responses.flatMap((each) => [
    ...each.resources.map(({ name }) => name),
    ...each.removed.map((name) => `-${name}`),
  ])
}
