// Writes the TypeScript types of the kept messages, shaped for building: optional, readonly, enums as literals.
import type { IEnumDescriptorProto, IFieldDescriptorProto } from 'protobufjs/ext/descriptor.js'
import type { Reachable, ReachableMessage } from './prune.ts'
import { isUnused } from './prune.ts'
import { parts } from '../tools/pins.ts'

const envoyVersion = parts.find(({ name }) => name === 'envoy')?.version ?? ''

const LABEL_REPEATED = 3

const WELL_KNOWN: ReadonlyMap<string, string> = new Map([
  ['google.protobuf.Any', 'EnvoyAny'],
  ['google.protobuf.Duration', 'Duration'],
  ['google.protobuf.Timestamp', 'Timestamp'],
  ['google.protobuf.Struct', 'JsonObject'],
  ['google.protobuf.Value', 'JsonValue'],
  ['google.protobuf.ListValue', 'readonly JsonValue[]'],
  ['google.protobuf.Empty', 'Empty'],
  ['google.protobuf.NullValue', 'null'],
  ['google.protobuf.DoubleValue', 'number'],
  ['google.protobuf.FloatValue', 'number'],
  ['google.protobuf.Int64Value', 'string'],
  ['google.protobuf.UInt64Value', 'string'],
  ['google.protobuf.Int32Value', 'number'],
  ['google.protobuf.UInt32Value', 'number'],
  ['google.protobuf.BoolValue', 'boolean'],
  ['google.protobuf.StringValue', 'string'],
  ['google.protobuf.BytesValue', 'Uint8Array'],
])

// By the numbers of FieldDescriptorProto.Type.
const SCALARS: ReadonlyMap<number, string> = new Map([
  [1, 'number'],
  [2, 'number'],
  [3, 'string'],
  [4, 'string'],
  [5, 'number'],
  [6, 'string'],
  [7, 'number'],
  [8, 'boolean'],
  [9, 'string'],
  [12, 'Uint8Array'],
  [13, 'number'],
  [15, 'number'],
  [16, 'string'],
  [17, 'number'],
  [18, 'string'],
])

type Kept = ReadonlyMap<string, Reachable>
type Names = ReadonlyMap<string, string>

function pascal(segment: string): string {
  return segment.replace(/(?:^|_)([a-z0-9])/g, (_all, letter: string) => letter.toUpperCase())
}

/** A TypeScript name for each full name: the short name, and as much of the package as makes it unique. */
function typeNames(kept: Kept): Names {
  const candidates = (type: Reachable, depth: number): string => {
    const own = type.fullName.slice(type.packageName.length + 1).replaceAll('.', '_')
    const packageWords = type.packageName.split('.').filter((word) => !/^v\d/.test(word))
    return (
      packageWords
        .slice(packageWords.length - depth)
        .map(pascal)
        .join('') + own
    )
  }
  const names = new Map<string, string>()
  const types = [...kept.values()].filter((type) => !WELL_KNOWN.has(type.fullName))
  for (let depth = 0, open = types; open.length > 0; depth += 1) {
    const taken = new Map<string, number>()
    for (const type of open) taken.set(candidates(type, depth), (taken.get(candidates(type, depth)) ?? 0) + 1)
    const isFree = (name: string): boolean => taken.get(name) === 1 && ![...names.values()].includes(name)
    const settled = open.filter((type) => isFree(candidates(type, depth)))
    for (const type of settled) names.set(type.fullName, candidates(type, depth))
    open = open.filter((type) => !names.has(type.fullName))
    if (depth > 10) throw new Error(`Cannot find unique names for ${open.map((t) => t.fullName).join(', ')}`)
  }
  return names
}

function singleType(field: IFieldDescriptorProto, names: Names): string {
  const typeName = (field.typeName ?? '').slice(1)
  const type = WELL_KNOWN.get(typeName) ?? names.get(typeName) ?? SCALARS.get(Number(field.type))
  if (type === undefined)
    throw new Error(`Cannot write a type for field "${field.name ?? ''}": kind ${String(field.type)}`)
  return type
}

function fieldType(field: IFieldDescriptorProto, kept: Kept, names: Names): string {
  const target = kept.get((field.typeName ?? '').slice(1))
  if (target?.kind === 'message' && target.proto.options?.mapEntry === true) {
    const value = target.proto.field?.find((each) => each.number === 2)
    if (value === undefined) throw new Error(`Cannot read map entry "${target.fullName}": it has no value`)
    return `EnvoyMap<${singleType(value, names)}>`
  }
  const single = singleType(field, names)
  if (Number(field.label) !== LABEL_REPEATED) return single
  return single.startsWith('readonly ') ? `readonly (${single})[]` : `readonly ${single}[]`
}

function isDeprecated({ options }: IFieldDescriptorProto): boolean {
  return options !== undefined && 'deprecated' in options && options.deprecated === true
}

function messageText(type: ReachableMessage, kept: Kept, names: Names): string {
  const fields = (type.proto.field ?? []).filter((field) => !isDeprecated(field) && !isUnused(field))
  const lines = fields.map(
    (field) => `  readonly ${field.jsonName ?? ''}?: ${fieldType(field, kept, names)} | undefined`,
  )
  const name = names.get(type.fullName) ?? ''
  return lines.length === 0 ? `export type ${name} = Empty` : `export interface ${name} {\n${lines.join('\n')}\n}`
}

function enumText(proto: IEnumDescriptorProto, name: string): string {
  return `export type ${name} = ${(proto.value ?? []).map((value) => `'${value.name ?? ''}'`).join(' | ')}`
}

/** The text of `gen/types.ts`: one type per kept message and enum, and the map from full names to them. */
export function typesText(kept: Kept): string {
  const names = typeNames(kept)
  const written = [...kept.values()].filter((type) => names.has(type.fullName))
  const messages = written
    .filter((type) => type.kind === 'message')
    .filter((type) => type.proto.options?.mapEntry !== true)
  const enums = written.filter((type) => type.kind === 'enum')
  const table = messages.map((type) => `  readonly '${type.fullName}': ${names.get(type.fullName) ?? ''}`)
  const wellKnown = [...WELL_KNOWN].filter(([name]) => name !== 'google.protobuf.NullValue' && kept.has(name))
  const wellKnownTable = wellKnown.map(([fullName, text]) => `  readonly '${fullName}': ${text}`)
  return [
    `// Generated by \`make generate\` from the descriptors of Envoy ${envoyVersion}; edit envoy/src/types-list.ts instead.`,
    "import type { Duration, Empty, EnvoyAny, EnvoyMap, JsonObject, JsonValue, Timestamp } from '../src/values.ts'",
    `export interface Messages {\n${[...table, ...wellKnownTable].join('\n')}\n}`,
    ...enums.map((type) => enumText(type.proto, names.get(type.fullName) ?? '')),
    ...messages.map((type) => messageText(type, kept, names)),
    '',
  ].join('\n\n')
}
