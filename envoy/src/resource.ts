// Content-addressed resources: encoded once, framed once, shared by every stream that sends them.
import { createHash } from 'node:crypto'
import protobuf from 'protobufjs'
import type { TypeUrl } from './type-urls.ts'

/** One resource as it goes over the wire; equal content has the same version everywhere. */
export interface EncodedResource {
  readonly typeUrl: TypeUrl
  readonly name: string
  /** sha256 of `bytes`, in hex. */
  readonly version: string
  readonly bytes: Uint8Array
  /** One element of `DeltaDiscoveryResponse.resources`, tag and length included. */
  readonly deltaChunk: Uint8Array
  /** One element of `DiscoveryResponse.resources`, tag and length included. */
  readonly sotwChunk: Uint8Array
}

const LENGTH_DELIMITED = 2
const tag = (field: number): number => (field << 3) | LENGTH_DELIMITED

// Field numbers of google.protobuf.Any, Resource and the two responses, which are frozen parts of the protocol.
const ANY = { typeUrl: tag(1), value: tag(2) }
const RESOURCE = { version: tag(1), resource: tag(2), name: tag(3) }
const RESPONSE_RESOURCES = tag(2)

function anyBytes(typeUrl: string, bytes: Uint8Array): Uint8Array {
  const writer = protobuf.Writer.create().uint32(ANY.typeUrl).string(typeUrl)
  // An empty value is absent, as the codec leaves it.
  return (bytes.length > 0 ? writer.uint32(ANY.value).bytes(bytes) : writer).finish()
}

function framed(field: number, bytes: Uint8Array): Uint8Array {
  return protobuf.Writer.create().uint32(field).bytes(bytes).finish()
}

/** Gives bytes their version and their place in both kinds of response. */
export function makeResource(typeUrl: TypeUrl, name: string, bytes: Uint8Array): EncodedResource {
  const version = createHash('sha256').update(bytes).digest('hex')
  const any = anyBytes(typeUrl, bytes)
  const writer = protobuf.Writer.create().uint32(RESOURCE.version).string(version).uint32(RESOURCE.resource).bytes(any)
  const resource = (name === '' ? writer : writer.uint32(RESOURCE.name).string(name)).finish()
  return {
    typeUrl,
    name,
    version,
    bytes,
    deltaChunk: framed(RESPONSE_RESOURCES, resource),
    sotwChunk: framed(RESPONSE_RESOURCES, any),
  }
}
