// One stream of the bench: accepts everything at once, keeps next to nothing, and says when something came.
import type { Client, ClientDuplexStream } from '@grpc/grpc-js'
import { encode, TYPE_URLS } from '@bulkhead/envoy'
import type { TypeUrl } from '@bulkhead/envoy'
import protobuf from 'protobufjs'
import { nameOfGroup } from './messages.ts'

const { cluster, endpoints, listener, routeConfiguration, scopedRoute } = TYPE_URLS
const METHOD = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources'
const REQUEST = 'envoy.service.discovery.v3.DeltaDiscoveryRequest'
const WILDCARDS: readonly TypeUrl[] = [cluster, listener, scopedRoute]
const asIs = (bytes: Buffer): Buffer => bytes

/** Versions by name, by type: what a client brings when it comes back. */
export type Held = ReadonlyMap<TypeUrl, Map<string, string>>

const namesOf: Partial<Record<TypeUrl, (group: string) => string>> = {
  [endpoints]: (group) => `${group}/c`,
  [routeConfiguration]: (group) => `${group}/routes`,
}

interface Read {
  readonly typeUrl: string
  readonly nonce: string
  readonly resources: readonly Uint8Array[]
}

/** Reads no more of a response than its answer needs. */
function readResponse(bytes: Uint8Array): Read {
  const reader = protobuf.Reader.create(bytes)
  const [resources, text]: [Uint8Array[], Record<number, string>] = [[], {}]
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    if (tag >>> 3 === 2) resources.push(reader.bytes())
    else text[tag >>> 3] = reader.string()
  }
  return { typeUrl: text[4] ?? '', nonce: text[5] ?? '', resources }
}

function readNameAndVersion(bytes: Uint8Array): readonly [string, string] {
  const reader = protobuf.Reader.create(bytes)
  let [name, version] = ['', '']
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    if (tag >>> 3 === 1) version = reader.string()
    else if (tag >>> 3 === 3) name = reader.string()
    else reader.skipType(tag & 7)
  }
  return [name, version]
}

export interface BenchStreamOptions {
  readonly client: Client
  readonly nodeId: string
  readonly groups: number
  /** Filled with what comes, where given. */
  readonly record?: Held | undefined
  /** What it had before. */
  readonly initial?: Held | undefined
  readonly onResources: (typeUrl: string) => void
}

/** A delta stream that asks for everything, as an Envoy does that knows all names. */
export class BenchStream {
  readonly counts = new Map<string, number>()
  bytes = 0
  readonly #call: ClientDuplexStream<Buffer, Buffer>
  readonly #options: BenchStreamOptions

  constructor(options: BenchStreamOptions) {
    this.#options = options
    this.#call = options.client.makeBidiStreamRequest(METHOD, asIs, asIs)
    this.#call.on('error', () => undefined)
    this.#call.on('data', (bytes: Buffer) => this.#take(bytes))
    for (const typeUrl of [cluster, endpoints, listener, scopedRoute, routeConfiguration]) this.#ask(typeUrl)
  }

  /** Subscribes to every name of a type again. */
  resubscribe(typeUrl: TypeUrl): void {
    this.#send({ typeUrl, resourceNamesSubscribe: this.#names(typeUrl) })
  }

  /** Reads nothing more. */
  stall(): void {
    this.#call.pause()
  }

  cancel(): void {
    this.#call.cancel()
  }

  #ask(typeUrl: TypeUrl): void {
    const initialResourceVersions = Object.fromEntries(this.#options.initial?.get(typeUrl) ?? [])
    const node = { id: this.#options.nodeId, cluster: 'shared' }
    this.#send({ node, typeUrl, resourceNamesSubscribe: this.#names(typeUrl), initialResourceVersions })
  }

  #names(typeUrl: TypeUrl): string[] {
    if (WILDCARDS.includes(typeUrl)) return ['*']
    return Array.from({ length: this.#options.groups }, (_, index) => namesOf[typeUrl]?.(nameOfGroup(index)) ?? '')
  }

  #send(message: Parameters<typeof encode<typeof REQUEST>>[1]): void {
    this.#call.write(Buffer.from(encode(REQUEST, message)))
  }

  #take(bytes: Buffer): void {
    const { typeUrl, nonce, resources } = readResponse(bytes)
    this.bytes += bytes.length
    this.counts.set(typeUrl, (this.counts.get(typeUrl) ?? 0) + resources.length)
    const held = this.#options.record?.get(typeUrl as TypeUrl)
    if (held !== undefined) for (const each of resources) held.set(...readNameAndVersion(each))
    this.#send({ typeUrl, responseNonce: nonce })
    this.#options.onResources(typeUrl)
  }
}
