// Encodes and decodes Envoy's messages: the same message always gives the same bytes.
import type { EnvoyAny, JsonValue } from './values.ts'
import type { MessageName, MessageOf } from './registry.ts'
import { messageType, nameInTypeUrl, typeUrlOf } from './registry.ts'
import { denormalize } from './denormalize.ts'
import { normalize } from './normalize.ts'

/** The bytes of a message, equal for equal messages; a field that the message does not have throws with its path. */
export function encode<Name extends MessageName>(type: Name, message: MessageOf<Name>): Uint8Array {
  const reflected = messageType(type)
  return reflected.encode(normalize(reflected, message, reflected.name)).finish()
}

/** A message packed for a field of type Any. */
export function anyOf<Name extends MessageName>(type: Name, message: MessageOf<Name>): EnvoyAny {
  return { typeUrl: typeUrlOf(type), value: encode(type, message) }
}

/** The message in some bytes; bytes that are not such a message throw. */
export function decode<Name extends MessageName>(type: Name, bytes: Uint8Array): MessageOf<Name> {
  const reflected = messageType(type)
  // The types are generated from the descriptors that decode reads.
  return denormalize(reflected, reflected.decode(bytes)) as MessageOf<Name>
}

/** The message packed in an Any, which must be of the named type. */
export function decodeAny<Name extends MessageName>(type: Name, any: EnvoyAny): MessageOf<Name> {
  if (nameInTypeUrl(any.typeUrl) !== type) throw new TypeError(`Cannot decode "${any.typeUrl}" as ${type}`)
  return decode(type, any.value)
}

/** A message as protobuf's JSON, every Any opened, in a stable order; for people and goldens. */
export function toJson(type: string, bytes: Uint8Array): JsonValue {
  const reflected = messageType(type)
  return reflected.toJson(reflected.decode(bytes)) as JsonValue
}
