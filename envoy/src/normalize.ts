// Turns a message as we write it into what protobufjs encodes, refusing whatever it would silently drop.
import protobuf from 'protobufjs'
import { enumOf, longOf, refuse, scalarOf } from './scalar.ts'

type Plain = Record<string, unknown>
type Special = (value: unknown, path: string) => Plain

function isPlain(value: unknown): value is Readonly<Plain> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
}

function record(): Plain {
  return Object.create(null) as Plain
}

function wrapper(type: string): Special {
  return (value, path) => ({ value: scalarOf(type, value, path) })
}

const DURATION = /^(-?)(\d{1,12})(?:\.(\d{1,9}))?s$/

function durationOf(value: unknown, path: string): Plain {
  const match = typeof value === 'string' ? DURATION.exec(value) : null
  if (match === null) return refuse(path, 'a duration like "1.5s"', value)
  const [, sign = '', seconds = '0', fraction = ''] = match
  const nanos = Number(fraction.padEnd(9, '0'))
  return { seconds: longOf('int64', sign + seconds, path), nanos: sign === '-' ? -nanos : nanos }
}

function timestampOf(value: unknown, path: string): Plain {
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN
  if (Number.isNaN(ms)) return refuse(path, 'a time like "2026-01-02T03:04:05Z"', value)
  return { seconds: longOf('int64', String(Math.floor(ms / 1000)), path), nanos: (((ms % 1000) + 1000) % 1000) * 1e6 }
}

function anyOfValue(value: unknown, path: string): Plain {
  if (!isPlain(value) || typeof value.typeUrl !== 'string' || !(value.value instanceof Uint8Array))
    return refuse(path, 'an EnvoyAny made by anyOf', value)
  return { typeUrl: value.typeUrl, value: value.value }
}

function jsonValueOf(value: unknown, path: string): Plain {
  if (value === null) return { nullValue: 0 }
  if (typeof value === 'boolean') return { boolValue: value }
  if (typeof value === 'number' && Number.isFinite(value)) return { numberValue: value }
  if (typeof value === 'string') return { stringValue: scalarOf('string', value, path) }
  if (Array.isArray(value)) return { listValue: listOf(value, path) }
  return { structValue: structOf(value, path) }
}

function listOf(value: unknown, path: string): Plain {
  if (!Array.isArray(value)) return refuse(path, 'a list', value)
  return { values: value.map((each, at) => jsonValueOf(each, `${path}[${at}]`)) }
}

function structOf(value: unknown, path: string): Plain {
  if (!isPlain(value)) return refuse(path, 'a JSON object', value)
  return { fields: sortedEntries(value, (each, key) => jsonValueOf(each, `${path}.${key}`)) }
}

const SPECIAL: ReadonlyMap<string, Special> = new Map([
  ['.google.protobuf.Any', anyOfValue],
  ['.google.protobuf.Duration', durationOf],
  ['.google.protobuf.Timestamp', timestampOf],
  ['.google.protobuf.Struct', structOf],
  ['.google.protobuf.Value', jsonValueOf],
  ['.google.protobuf.ListValue', listOf],
  ['.google.protobuf.DoubleValue', wrapper('double')],
  ['.google.protobuf.FloatValue', wrapper('float')],
  ['.google.protobuf.Int64Value', wrapper('int64')],
  ['.google.protobuf.UInt64Value', wrapper('uint64')],
  ['.google.protobuf.Int32Value', wrapper('int32')],
  ['.google.protobuf.UInt32Value', wrapper('uint32')],
  ['.google.protobuf.BoolValue', wrapper('bool')],
  ['.google.protobuf.StringValue', wrapper('string')],
  ['.google.protobuf.BytesValue', wrapper('bytes')],
])

/** Entries in the order of their keys, so that the same map gives the same bytes however it was filled. */
function sortedEntries(value: Readonly<Plain>, convert: (each: unknown, key: string) => unknown): Plain {
  const entries = value instanceof Map ? [...(value as ReadonlyMap<string, unknown>)] : Object.entries(value)
  const out = record()
  // By UTF-16 code unit: a locale's order would differ between machines.
  for (const [key, each] of entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))) out[key] = convert(each, key)
  return out
}

function single(field: protobuf.Field, value: unknown, path: string): unknown {
  if (field.resolvedType instanceof protobuf.Enum) return enumOf(field.resolvedType, value, path)
  if (field.resolvedType instanceof protobuf.Type) return normalize(field.resolvedType, value, path)
  return scalarOf(field.type, value, path)
}

function fieldValue(field: protobuf.Field, value: unknown, path: string): unknown {
  if (field.map) {
    if (!isPlain(value)) return refuse(path, 'a map', value)
    return sortedEntries(value, (each, key) => single(field, each, `${path}[${JSON.stringify(key)}]`))
  }
  if (!field.repeated) return single(field, value, path)
  if (!Array.isArray(value)) return refuse(path, 'a list', value)
  return value.map((each, at) => single(field, each, `${path}[${at}]`))
}

function refuseSecondOfOneof(field: protobuf.Field, out: Readonly<Plain>, path: string): void {
  const others = field.partOf?.oneof.filter((name) => name !== field.name && Object.hasOwn(out, name)) ?? []
  if (others.length > 0)
    throw new TypeError(`Cannot encode "${path}": only one of ${[...others, field.name].join(', ')} may be set`)
}

const specials = new WeakMap<protobuf.Type, Special | false>()

/** How a well-known type is written; looked up once, because protobufjs computes full names at every read. */
function specialOf(type: protobuf.Type): Special | false {
  const known = specials.get(type)
  if (known !== undefined) return known
  const special = SPECIAL.get(type.fullName) ?? false
  specials.set(type, special)
  return special
}

/** Checks a message and converts it; a name, type or range that the message does not have throws with its path. */
export function normalize(type: protobuf.Type, value: unknown, path: string): Plain {
  const special = specialOf(type)
  if (special !== false) return special(value, path)
  if (!isPlain(value) || value instanceof Map) return refuse(path, type.name, value)
  const out = record()
  for (const [name, each] of Object.entries(value)) {
    if (each === undefined) continue
    const fieldPath = `${path}.${name}`
    const field = Object.hasOwn(type.fields, name) ? type.fields[name] : undefined
    if (field === undefined) throw new TypeError(`Cannot encode "${fieldPath}": ${type.name} has no such field`)
    refuseSecondOfOneof(field, out, fieldPath)
    out[name] = fieldValue(field, each, fieldPath)
  }
  return out
}
