// Bytes in, bytes out: reads requests, and splices responses from chunks that were framed once.
import { decode } from '@bulkhead/envoy'
import type { Node } from '@bulkhead/envoy'
import protobuf from 'protobufjs'
import type { DeltaRequest, DeltaResponse, NodeName } from '../subscription/index.ts'

const REQUEST = 'envoy.service.discovery.v3.DeltaDiscoveryRequest'
const LENGTH_DELIMITED = 2
const tag = (field: number): number => (field << 3) | LENGTH_DELIMITED

// Field numbers of DeltaDiscoveryResponse; `resources` is number 2 and comes framed.
const RESPONSE = { systemVersion: tag(1), typeUrl: tag(4), nonce: tag(5), removed: tag(6) }

function nameOf(node: Node | undefined): NodeName | undefined {
  return node === undefined ? undefined : { id: node.id ?? '', cluster: node.cluster ?? '' }
}

/** Reads a request; bytes that are none throw. */
export function readRequest(bytes: Uint8Array): DeltaRequest {
  const message = decode(REQUEST, bytes)
  const { typeUrl = '', responseNonce = '', initialResourceVersions = {}, errorDetail } = message
  const { resourceNamesSubscribe: subscribe = [], resourceNamesUnsubscribe: unsubscribe = [] } = message
  return {
    typeUrl,
    node: nameOf(message.node),
    subscribe,
    unsubscribe,
    initialVersions: new Map(Object.entries(initialResourceVersions)),
    responseNonce,
    error: errorDetail === undefined ? undefined : (errorDetail.message ?? ''),
  }
}

/** The bytes of a response, equal to what the codec would write; the resources are only copied. */
export function spliceResponse(response: DeltaResponse): Buffer {
  const { systemVersion, resources, typeUrl, nonce, removed } = response
  const head = protobuf.Writer.create().uint32(RESPONSE.systemVersion).string(systemVersion).finish()
  const tail = protobuf.Writer.create().uint32(RESPONSE.typeUrl).string(typeUrl).uint32(RESPONSE.nonce).string(nonce)
  for (const name of removed) tail.uint32(RESPONSE.removed).string(name)
  return Buffer.concat([head, ...resources.map((each) => each.deltaChunk), tail.finish()])
}
