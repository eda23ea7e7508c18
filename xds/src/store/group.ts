// One group's resources: what was published, what was refused, and what streams get because of both.
import { TYPE_URLS } from '@bulkhead/envoy'
import type { EncodedResource } from '@bulkhead/envoy'
import { isRouting, keyOf } from './references.ts'

/** Resources of one group by type and name. */
export type Resources = ReadonlyMap<string, EncodedResource>

/** What streams get under one key; nothing to send means that each keeps what it has. */
export interface Target {
  readonly group: string
  readonly resource: EncodedResource | undefined
}

/** One group's state; a value, replaced at every change. */
export interface GroupState {
  readonly group: string
  readonly published: Resources
  /** The last publication that a stream accepted whole. */
  readonly lastGood: Resources | undefined
  /** Versions that a stream refused, by key. */
  readonly refused: ReadonlyMap<string, string>
}

/** Indexes resources by key; the same key twice is an error. */
export function indexed(resources: readonly EncodedResource[]): Resources {
  const index = new Map<string, EncodedResource>()
  for (const resource of resources) {
    if (index.has(keyOf(resource))) throw new Error(`Cannot publish "${resource.name}" twice as ${resource.typeUrl}`)
    index.set(keyOf(resource), resource)
  }
  return index
}

/** Publishes anew; a refusal lasts as long as the very version that was refused is still published. */
export function withPublished(state: GroupState, published: Resources): GroupState {
  const refused = [...state.refused].filter(([key, version]) => published.get(key)?.version === version)
  return { ...state, published, refused: new Map(refused) }
}

/** Notes that a version was refused. */
export function withRefused(state: GroupState, key: string, version: string): GroupState {
  if (state.published.get(key)?.version !== version) return state
  return { ...state, refused: new Map([...state.refused, [key, version]]) }
}

/** Whether the published routing of a group was refused, so that all streams stay on the last good one. */
export function isPinned(state: GroupState): boolean {
  return [...state.refused.keys()].some((key) => isRouting(state.published.get(key)?.typeUrl ?? ''))
}

const targetsByState = new WeakMap<GroupState, ReadonlyMap<string, Target>>()

/** What streams get of a group, by key. */
export function targetsOf(state: GroupState): ReadonlyMap<string, Target> {
  const known = targetsByState.get(state)
  if (known !== undefined) return known
  const targets = state.refused.size === 0 ? published(state) : heldBack(state)
  targetsByState.set(state, targets)
  return targets
}

function published({ group, published: resources }: GroupState): ReadonlyMap<string, Target> {
  return new Map([...resources].map(([key, resource]) => [key, { group, resource }]))
}

function heldBack(state: GroupState): ReadonlyMap<string, Target> {
  const pinned = isPinned(state)
  const good = state.lastGood ?? new Map<string, EncodedResource>()
  const kept = pinned ? [...good].filter(([key, { typeUrl }]) => !isWithdrawnHost(state, key, typeUrl)) : []
  const targets = new Map<string, Target>()
  for (const [key, resource] of kept) targets.set(key, { group: state.group, resource })
  for (const [key, resource] of state.published) {
    const isHeldBack = state.refused.has(key) || (pinned && isRouting(resource.typeUrl))
    targets.set(key, { group: state.group, resource: isHeldBack ? good.get(key) : resource })
  }
  return targets
}

/** Taking a host and its certificate away counts at once, whatever else was refused: another group may have them. */
function isWithdrawnHost(state: GroupState, key: string, typeUrl: string): boolean {
  return (typeUrl === TYPE_URLS.scopedRoute || typeUrl === TYPE_URLS.secret) && !state.published.has(key)
}
