// Cuts what is to be said about one type into responses: one group at a time, several at once, or the state of the world.
import type { EncodedResource } from '@bulkhead/envoy'
import type { Pending } from './pending.ts'
import type { SentEntry, Variant } from './protocol.ts'
import type { TypePolicy } from './resource-types.ts'

/** Resources on their way to a client, with what is to be booked of them. */
export interface Batch {
  readonly entries: SentEntry[]
  readonly resources: EncodedResource[]
  bytes: number
}

/** What is to be said about a name now; withheld: nothing before this stream has come further. */
export type Finding =
  'nothing' | 'withheld' | { readonly entry: SentEntry; readonly resource?: EncodedResource | undefined }

export interface BatchOptions {
  readonly policy: TypePolicy
  readonly variant: Variant
  readonly maxResponseBytes: number
  /** Names to be looked at, and names that wait; what is put off is put back. */
  readonly pending: Pending
  readonly withheld: Pending
}

/** What a batch is cut from: each name's finding, and whether the client still waits for its first response. */
export interface Cutting {
  readonly find: (name: string) => Finding
  readonly owesFirstResponse: boolean
}

export function emptyBatch(): Batch {
  return { entries: [], resources: [], bytes: 0 }
}

/** Takes the next batch out of what is pending; undefined when there is nothing to say. */
export function nextBatch(options: BatchOptions, cutting: Cutting): Batch | undefined {
  // An Envoy takes the first response of such a type for all there is.
  const mustBeWhole = cutting.owesFirstResponse && options.policy.sharesFirstResponse
  if (options.variant === 'delta' && !mustBeWhole) return nextOfOneGroup(options, cutting)
  const batch = nextOfAllGroups(options, cutting, mustBeWhole)
  if (batch === undefined || batch.entries.length > 0 || mustBeWhole) return batch
  return first(options, cutting)
}

function nextOfOneGroup(options: BatchOptions, cutting: Cutting): Batch | undefined {
  const { pending } = options
  // A name comes back into its turn only by moving to its own group, so this ends.
  for (let turn = pending.takeNext(); turn !== undefined; turn = pending.takeNext()) {
    const batch = emptyBatch()
    collect(options, cutting.find, { ...turn, batch, isShared: false })
    if (batch.entries.length > 0) return batch
  }
  return first(options, cutting)
}

// A client with a wildcard finishes its start with the first response, even if there is nothing to tell.
function first({ withheld }: BatchOptions, { owesFirstResponse }: Cutting): Batch | undefined {
  return owesFirstResponse && withheld.isEmpty ? emptyBatch() : undefined
}

function nextOfAllGroups(options: BatchOptions, { find }: Cutting, mustBeWhole: boolean): Batch | undefined {
  const { pending, withheld } = options
  const batch = emptyBatch()
  for (const group of pending.groups)
    collect(options, find, { group, names: pending.take(group), batch, isShared: true })
  if (!mustBeWhole || withheld.isEmpty) return batch
  for (const { name, group } of batch.entries) pending.add(group, name)
  return undefined
}

interface Turn {
  readonly group: string
  readonly names: Iterable<string>
  readonly batch: Batch
  readonly isShared: boolean
}

function collect(options: BatchOptions, find: Cutting['find'], turn: Turn): void {
  const { group, names, batch, isShared } = turn
  for (const name of names) {
    if (!isShared && isFull(batch, options)) {
      options.pending.add(group, name)
      continue
    }
    const finding = find(name)
    if (finding === 'nothing') continue
    if (finding === 'withheld') options.withheld.add(group, name)
    // The name moved to another group while it waited: it goes in that group's turn.
    else if (!isShared && finding.entry.group !== group) options.pending.add(finding.entry.group, name)
    else put(finding, batch)
  }
}

function put({ entry, resource }: Exclude<Finding, string>, batch: Batch): void {
  batch.entries.push(entry)
  if (resource === undefined) return
  batch.resources.push(resource)
  batch.bytes += resource.deltaChunk.length
}

function isFull(batch: Batch, { policy, maxResponseBytes }: BatchOptions): boolean {
  return batch.entries.length >= policy.maxResources || batch.bytes >= maxResponseBytes
}
