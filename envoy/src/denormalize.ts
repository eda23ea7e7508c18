// Turns a decoded message into the shape in which messages are built.
import protobuf from 'protobufjs'

type Plain = Record<string, unknown>

function isPlain(value: unknown): value is Readonly<Plain> {
  return typeof value === 'object' && value !== null
}

function decimal(value: unknown): string {
  if (!isPlain(value)) return String(Number(value ?? 0))
  const bits = (BigInt(Number(value.high) >>> 0) << 32n) | BigInt(Number(value.low) >>> 0)
  return (value.unsigned === true ? bits : BigInt.asIntN(64, bits)).toString()
}

function fractionOf(nanos: number): string {
  return nanos === 0 ? '' : `.${String(Math.abs(nanos)).padStart(9, '0').replace(/0+$/, '')}`
}

function durationText(message: Readonly<Plain>): string {
  const seconds = BigInt(decimal(message.seconds))
  const nanos = Number(message.nanos ?? 0)
  const sign = seconds < 0n || nanos < 0 ? '-' : ''
  return `${sign}${(seconds < 0n ? -seconds : seconds).toString()}${fractionOf(nanos)}s`
}

function timestampText(message: Readonly<Plain>): string {
  return new Date(Number(decimal(message.seconds)) * 1000 + Number(message.nanos ?? 0) / 1e6).toISOString()
}

function listJson(message: Readonly<Plain>): unknown {
  return (Array.isArray(message.values) ? message.values : []).map(valueJson)
}

function structJson(message: Readonly<Plain>): unknown {
  const out = Object.create(null) as Plain
  for (const [key, each] of Object.entries(isPlain(message.fields) ? message.fields : {})) out[key] = valueJson(each)
  return out
}

function valueJson(message: unknown): unknown {
  if (!isPlain(message)) return null
  const own = (name: string): boolean => Object.hasOwn(message, name)
  if (own('structValue') && isPlain(message.structValue)) return structJson(message.structValue)
  if (own('listValue') && isPlain(message.listValue)) return listJson(message.listValue)
  return ['stringValue', 'numberValue', 'boolValue'].filter(own).map((name) => message[name])[0] ?? null
}

type Special = (message: Readonly<Plain>) => unknown

const SPECIAL: ReadonlyMap<string, Special> = new Map<string, Special>([
  ['.google.protobuf.Any', ({ typeUrl, value }) => ({ typeUrl: typeUrl ?? '', value: value ?? new Uint8Array() })],
  ['.google.protobuf.Duration', durationText],
  ['.google.protobuf.Timestamp', timestampText],
  ['.google.protobuf.Struct', structJson],
  ['.google.protobuf.Value', valueJson],
  ['.google.protobuf.ListValue', listJson],
])
const WRAPPER = /^\.google\.protobuf\.[A-Z]\w*Value$/

function single(field: protobuf.Field, value: unknown): unknown {
  if (field.resolvedType instanceof protobuf.Enum) return field.resolvedType.valuesById[Number(value)] ?? value
  if (field.resolvedType instanceof protobuf.Type) return denormalize(field.resolvedType, value)
  return /64$/.test(field.type) ? decimal(value) : value
}

function mapValue(field: protobuf.Field, value: Readonly<Plain>): unknown {
  const out = Object.create(null) as Plain
  for (const [key, each] of Object.entries(value)) out[key] = single(field, each)
  return out
}

// protobufjs gives every message empty lists and maps; on the wire they are the same as absent ones.
function fieldValue(field: protobuf.Field, value: unknown): unknown {
  if (field.map) return isPlain(value) && Object.keys(value).length > 0 ? mapValue(field, value) : undefined
  if (!field.repeated) return single(field, value)
  return Array.isArray(value) && value.length > 0 ? value.map((each) => single(field, each)) : undefined
}

const specials = new WeakMap<protobuf.Type, Special | false>()

/** How a well-known type is read; looked up once, because protobufjs computes full names at every read. */
function specialOf(type: protobuf.Type): Special | false {
  const known = specials.get(type)
  if (known !== undefined) return known
  const wrapped = WRAPPER.test(type.fullName) ? type.fields.value : undefined
  const unwrap = (field: protobuf.Field): Special => {
    return (message) => single(field, message.value ?? field.defaultValue)
  }
  const special = SPECIAL.get(type.fullName) ?? (wrapped === undefined ? false : unwrap(wrapped))
  specials.set(type, special)
  return special
}

/** Converts one decoded message; fields that were absent stay absent. */
export function denormalize(type: protobuf.Type, message: unknown): unknown {
  if (!isPlain(message)) return message
  const special = specialOf(type)
  if (special !== false) return special(message)
  const out: Plain = {}
  for (const field of type.fieldsArray) {
    const value = Object.hasOwn(message, field.name) ? fieldValue(field, message[field.name]) : undefined
    if (value !== undefined) out[field.name] = value
  }
  return out
}
