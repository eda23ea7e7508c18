// Envoy's messages as they are on the wire: loads the committed descriptors, and knows every field by its name.
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import protobuf from 'protobufjs'
import 'protobufjs/ext/descriptor.js'
import protojson from 'protobufjs/ext/protojson.js'
import type { Messages } from '../gen/types.ts'

/** The full name of a message that we can build. */
export type MessageName = keyof Messages

/** The shape in which a message is built and read. */
export type MessageOf<Name extends MessageName> = Messages[Name]

const TYPE_URL_PREFIX = 'type.googleapis.com/'

function load(): protobuf.Root {
  const bytes = gunzipSync(readFileSync(new URL('../gen/descriptors.binpb.gz', import.meta.url)))
  const root = protobuf.Root.fromDescriptor(bytes)
  root.resolveAll()
  return root
}

protojson.install()
const root = load()
const types = new Map<string, protobuf.Type>()

/** The reflected type of a full name; an unknown name is a mistake of ours and throws. */
export function messageType(fullName: string): protobuf.Type {
  const known = types.get(fullName)
  if (known !== undefined) return known
  const type = root.lookupType(fullName)
  types.set(fullName, type)
  return type
}

/** The type URL of a full name. */
export function typeUrlOf(fullName: string): string {
  return TYPE_URL_PREFIX + fullName
}

/** The full name in a type URL. */
export function nameInTypeUrl(typeUrl: string): string {
  return typeUrl.slice(typeUrl.lastIndexOf('/') + 1)
}
