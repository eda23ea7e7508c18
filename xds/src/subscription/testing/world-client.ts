// A client of the state of the world for tests: it names all that it wants, and takes a response for what it is.
import type { TypeUrl } from '@bulkhead/envoy'
import type { DiscoveryStream, Handled } from '../discovery-stream.ts'
import type { DiscoveryResponse, SotwRequest } from '../protocol.ts'
import { AGGREGATED_TYPES } from '../resource-types.ts'

const NODE = { id: 'client', cluster: 'fleet' }

/** Whether a response of a type is all there is of it. */
function isComplete(typeUrl: TypeUrl): boolean {
  return AGGREGATED_TYPES.some((policy) => policy.typeUrl === typeUrl && policy.hasWildcard)
}

/** A state-of-the-world client without a network. */
export class WorldClient {
  readonly stream: DiscoveryStream
  readonly received: DiscoveryResponse[] = []
  readonly #has = new Map<string, Map<string, string>>()
  readonly #names = new Map<string, readonly string[]>()

  constructor(stream: DiscoveryStream) {
    this.stream = stream
  }

  /** Names what is wanted from now on; the nonce is that of the last response unless another is given. */
  want(typeUrl: TypeUrl, names: readonly string[], rest: Partial<SotwRequest> = {}): Handled {
    this.#names.set(typeUrl, names)
    const responseNonce = this.received.findLast((each) => each.typeUrl === typeUrl)?.nonce ?? ''
    return this.stream.handle({ variant: 'sotw', node: NODE, typeUrl, names, responseNonce, ...rest })
  }

  /** Takes in all that is sent now, without answering. */
  receive(): readonly DiscoveryResponse[] {
    const now: DiscoveryResponse[] = []
    for (let next = this.stream.next(0); next !== undefined; next = this.stream.next(0)) now.push(next)
    this.received.push(...now)
    return now
  }

  ack({ typeUrl, nonce, resources }: DiscoveryResponse): void {
    const before = isComplete(typeUrl) ? [] : (this.#has.get(typeUrl) ?? [])
    this.#has.set(typeUrl, new Map([...before, ...resources.map(({ name, version }) => [name, version] as const)]))
    this.want(typeUrl, this.#names.get(typeUrl) ?? [], { responseNonce: nonce })
  }

  nack({ typeUrl, nonce }: DiscoveryResponse): void {
    this.want(typeUrl, this.#names.get(typeUrl) ?? [], { responseNonce: nonce, error: 'refused' })
  }

  /** Takes in and accepts until nothing more comes; gives all that came. */
  drain(): readonly DiscoveryResponse[] {
    const all: DiscoveryResponse[] = []
    for (let now = this.receive(); now.length > 0; now = this.receive()) {
      all.push(...now)
      for (const response of now) this.ack(response)
    }
    return all
  }

  /** What the client holds of a type: versions by name, without what it does not want any more. */
  has(typeUrl: TypeUrl): ReadonlyMap<string, string> {
    const names = this.#names.get(typeUrl) ?? []
    const isAll = isComplete(typeUrl) && (names.length === 0 || names.includes('*'))
    return new Map([...(this.#has.get(typeUrl) ?? [])].filter(([name]) => isAll || names.includes(name)))
  }
}
