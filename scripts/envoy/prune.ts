// Keeps what is reachable from a list of messages, and nothing that only a reader of the .proto text needs.
import descriptor from 'protobufjs/ext/descriptor.js'
import type {
  IDescriptorProto,
  IEnumDescriptorProto,
  IFieldDescriptorProto,
  IFileDescriptorProto,
  IFileDescriptorSet,
} from 'protobufjs/ext/descriptor.js'

export interface ReachableMessage {
  readonly kind: 'message'
  readonly fullName: string
  readonly packageName: string
  readonly proto: IDescriptorProto
}

export interface ReachableEnum {
  readonly kind: 'enum'
  readonly fullName: string
  readonly packageName: string
  readonly proto: IEnumDescriptorProto
}

export type Reachable = ReachableMessage | ReachableEnum

const CEL_PACKAGE = '.google.api.expr.'
const TYPE_MESSAGE = 11
const TYPE_ENUM = 14
const UNUSED_PACKAGES = [CEL_PACKAGE, '.cel.expr.']

/** A field that we never write, and whose type would drag the CEL syntax tree along. */
export function isUnused(field: IFieldDescriptorProto): boolean {
  return UNUSED_PACKAGES.some((prefix) => field.typeName?.startsWith(prefix) === true)
}

function index(set: IFileDescriptorSet): ReadonlyMap<string, Reachable> {
  const found = new Map<string, Reachable>()
  const addEnum = (packageName: string, prefix: string, proto: IEnumDescriptorProto): void => {
    const fullName = `${prefix}.${proto.name ?? ''}`
    found.set(fullName, { kind: 'enum', fullName, packageName, proto })
  }
  const addMessage = (packageName: string, prefix: string, proto: IDescriptorProto): void => {
    const fullName = `${prefix}.${proto.name ?? ''}`
    found.set(fullName, { kind: 'message', fullName, packageName, proto })
    for (const nested of proto.nestedType ?? []) addMessage(packageName, fullName, nested)
    for (const nested of proto.enumType ?? []) addEnum(packageName, fullName, nested)
  }
  for (const file of set.file) {
    const packageName = file.package ?? ''
    for (const message of file.messageType ?? []) addMessage(packageName, packageName, message)
    for (const enumType of file.enumType ?? []) addEnum(packageName, packageName, enumType)
  }
  return found
}

function referenced(proto: IDescriptorProto): readonly string[] {
  const names: string[] = []
  for (const field of proto.field ?? []) {
    const type = Number(field.type)
    if ((type === TYPE_MESSAGE || type === TYPE_ENUM) && !isUnused(field)) names.push((field.typeName ?? '').slice(1))
  }
  return names
}

/** Every message and enum that the roots reach, by full name; a root that does not exist is an error. */
export function reachableFrom(roots: readonly string[], set: IFileDescriptorSet): ReadonlyMap<string, Reachable> {
  const all = index(set)
  const kept = new Map<string, Reachable>()
  const waiting = [...roots]
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (kept.has(name)) continue
    const type = all.get(name)
    if (type === undefined) throw new Error(`Cannot find message "${name}" in the descriptor set: check its spelling`)
    kept.set(name, type)
    if (type.kind === 'message') waiting.push(...referenced(type.proto))
  }
  return new Map([...kept].sort(([a], [b]) => (a < b ? -1 : 1)))
}

function pruneField(field: IFieldDescriptorProto): IFieldDescriptorProto {
  const { options, ...rest } = field
  return options?.packed === undefined ? rest : { ...rest, options: { packed: options.packed } }
}

function pruneEnum(proto: IEnumDescriptorProto): IEnumDescriptorProto {
  const value = (proto.value ?? []).map(({ name, number }) => ({
    ...(name === undefined ? {} : { name }),
    ...(number === undefined ? {} : { number }),
  }))
  return { ...(proto.name === undefined ? {} : { name: proto.name }), value }
}

function pruneMessage(
  proto: IDescriptorProto,
  fullName: string,
  kept: ReadonlyMap<string, Reachable>,
): IDescriptorProto {
  // A nested type needs its parent as a name only; the parent's own fields are dropped when nothing reaches it.
  const isReached = kept.has(fullName)
  return {
    ...(proto.name === undefined ? {} : { name: proto.name }),
    field: isReached ? (proto.field ?? []).filter((field) => !isUnused(field)).map(pruneField) : [],
    oneofDecl: isReached ? (proto.oneofDecl ?? []).map(({ name }) => (name === undefined ? {} : { name })) : [],
    nestedType: keptMessages(proto.nestedType ?? [], fullName, kept),
    enumType: (proto.enumType ?? []).filter((e) => kept.has(`${fullName}.${e.name ?? ''}`)).map(pruneEnum),
    ...(proto.options?.mapEntry === true ? { options: { mapEntry: true } } : {}),
  }
}

function keptMessages(
  messages: readonly IDescriptorProto[],
  prefix: string,
  kept: ReadonlyMap<string, Reachable>,
): IDescriptorProto[] {
  const names = [...kept.keys()]
  return messages
    .map((message) => ({ message, fullName: `${prefix}.${message.name ?? ''}` }))
    .filter(({ fullName }) => names.some((name) => name === fullName || name.startsWith(`${fullName}.`)))
    .map(({ message, fullName }) => pruneMessage(message, fullName, kept))
}

function pruneFile(file: IFileDescriptorProto, kept: ReadonlyMap<string, Reachable>): IFileDescriptorProto {
  const packageName = file.package ?? ''
  return {
    ...(file.name === undefined ? {} : { name: file.name }),
    package: packageName,
    messageType: keptMessages(file.messageType ?? [], packageName, kept),
    enumType: (file.enumType ?? []).filter((e) => kept.has(`${packageName}.${e.name ?? ''}`)).map(pruneEnum),
    ...(file.syntax === undefined ? {} : { syntax: file.syntax }),
  }
}

/** The bytes of a descriptor set that holds only what is kept, files in the order of their names. */
export function prunedBytes(set: IFileDescriptorSet, kept: ReadonlyMap<string, Reachable>): Uint8Array {
  const file = set.file
    .map((each) => pruneFile(each, kept))
    .filter((each) => (each.messageType?.length ?? 0) + (each.enumType?.length ?? 0) > 0)
    .sort((a, b) => ((a.name ?? '') < (b.name ?? '') ? -1 : 1))
  return descriptor.FileDescriptorSet.encode({ file }).finish()
}
