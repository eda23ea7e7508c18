// Bytes in, bytes out: reads requests, and splices responses from chunks that were framed once.
import { decode } from '@bulkhead/envoy'
import type { Node } from '@bulkhead/envoy'
import protobuf from 'protobufjs'
import type { DiscoveryRequest, DiscoveryResponse, NodeName, Variant } from '../subscription/index.ts'

const LENGTH_DELIMITED = 2
const tag = (field: number): number => (field << 3) | LENGTH_DELIMITED

// Field numbers that DeltaDiscoveryResponse and DiscoveryResponse share, but `removed`, which only the first has;
// `resources` is number 2 of both and comes framed.
const RESPONSE = { version: tag(1), typeUrl: tag(4), nonce: tag(5), removed: tag(6) }

/** The messages of each variant, by their names without the package. */
export const REQUEST_NAMES = { delta: 'DeltaDiscoveryRequest', sotw: 'DiscoveryRequest' } as const

function nameOf(node: Node | undefined): NodeName | undefined {
  return node === undefined ? undefined : { id: node.id ?? '', cluster: node.cluster ?? '' }
}

/** Reads a request; bytes that are none throw. */
export function readRequest(variant: Variant, bytes: Uint8Array): DiscoveryRequest {
  return variant === 'delta' ? readDelta(bytes) : readSotw(bytes)
}

function readDelta(bytes: Uint8Array): DiscoveryRequest {
  const message = decode('envoy.service.discovery.v3.DeltaDiscoveryRequest', bytes)
  const { typeUrl = '', responseNonce = '', initialResourceVersions = {}, errorDetail } = message
  const { resourceNamesSubscribe: subscribe = [], resourceNamesUnsubscribe: unsubscribe = [] } = message
  const initialVersions = new Map(Object.entries(initialResourceVersions))
  const error = errorDetail === undefined ? undefined : (errorDetail.message ?? '')
  const node = nameOf(message.node)
  return { variant: 'delta', typeUrl, node, subscribe, unsubscribe, initialVersions, responseNonce, error }
}

function readSotw(bytes: Uint8Array): DiscoveryRequest {
  const message = decode('envoy.service.discovery.v3.DiscoveryRequest', bytes)
  const { typeUrl = '', responseNonce = '', resourceNames: names = [], errorDetail } = message
  const error = errorDetail === undefined ? undefined : (errorDetail.message ?? '')
  return { variant: 'sotw', typeUrl, node: nameOf(message.node), names, responseNonce, error }
}

/** The bytes of a response, equal to what the codec would write; the resources are only copied. */
export function spliceResponse(variant: Variant, response: DiscoveryResponse): Buffer {
  const { version, resources, typeUrl, nonce, removed } = response
  const head = protobuf.Writer.create().uint32(RESPONSE.version).string(version).finish()
  const tail = protobuf.Writer.create().uint32(RESPONSE.typeUrl).string(typeUrl).uint32(RESPONSE.nonce).string(nonce)
  if (variant === 'sotw') return Buffer.concat([head, ...resources.map((each) => each.sotwChunk), tail.finish()])
  for (const name of removed) tail.uint32(RESPONSE.removed).string(name)
  return Buffer.concat([head, ...resources.map((each) => each.deltaChunk), tail.finish()])
}
