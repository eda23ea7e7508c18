// Checks single values on their way into a message; protobufjs itself would silently bend what does not fit.
import type protobuf from 'protobufjs'

/** A 64-bit integer as two halves, which is how protobufjs writes it without losing digits. */
export interface Halves {
  readonly low: number
  readonly high: number
  readonly unsigned: boolean
}

const INT_RANGES: ReadonlyMap<string, readonly [number, number]> = new Map([
  ['int32', [-(2 ** 31), 2 ** 31 - 1]],
  ['sint32', [-(2 ** 31), 2 ** 31 - 1]],
  ['sfixed32', [-(2 ** 31), 2 ** 31 - 1]],
  ['uint32', [0, 2 ** 32 - 1]],
  ['fixed32', [0, 2 ** 32 - 1]],
])
const LONGS: ReadonlySet<string> = new Set(['int64', 'sint64', 'sfixed64', 'uint64', 'fixed64'])
const JS_TYPES: ReadonlyMap<string, string> = new Map([
  ['bool', 'boolean'],
  ['string', 'string'],
])
const INTEGER = /^-?\d{1,20}$/

/** Refuses a value, naming where it stands. */
export function refuse(path: string, expected: string, value: unknown): never {
  const isShort = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
  throw new TypeError(
    `Cannot encode "${path}": expected ${expected}, got ${isShort ? JSON.stringify(value) : typeof value}`,
  )
}

/** Splits a decimal string into halves; a string that does not fit the type is refused. */
export function longOf(type: string, value: unknown, path: string): Halves {
  if (typeof value !== 'string' || !INTEGER.test(value)) refuse(path, `${type} as a decimal string`, value)
  const number = BigInt(value)
  const unsigned = type === 'uint64' || type === 'fixed64'
  const fits = unsigned ? BigInt.asUintN(64, number) === number : BigInt.asIntN(64, number) === number
  if (!fits) refuse(path, type, value)
  const bits = BigInt.asUintN(64, number)
  return { low: Number(bits & 0xffffffffn), high: Number(bits >> 32n), unsigned }
}

function integerOf(type: string, [least, most]: readonly [number, number], value: unknown, path: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) refuse(path, type, value)
  return value
}

/** Checks one scalar and gives what protobufjs writes for it. */
export function scalarOf(type: string, value: unknown, path: string): unknown {
  const range = INT_RANGES.get(type)
  if (range !== undefined) return integerOf(type, range, value, path)
  if (LONGS.has(type)) return longOf(type, value, path)
  if (type === 'bytes') return value instanceof Uint8Array ? value : refuse(path, 'bytes', value)
  const expected = JS_TYPES.get(type) ?? 'number'
  if (typeof value !== expected) refuse(path, expected, value)
  if (typeof value === 'string' && !value.isWellFormed()) refuse(path, 'well-formed text', value)
  return value
}

/** The number of an enum's literal. */
export function enumOf(type: protobuf.Enum, value: unknown, path: string): number {
  const number = typeof value === 'string' && Object.hasOwn(type.values, value) ? type.values[value] : undefined
  return number ?? refuse(path, `a value of ${type.name}`, value)
}
