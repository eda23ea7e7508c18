// The current snapshot of one fleet: what every group published, and what streams get of it.
import { TYPE_URLS } from '@bulkhead/envoy'
import type { EncodedResource, TypeUrl } from '@bulkhead/envoy'
import type { Progress, Settled } from '../subscription/index.ts'
import type { GroupState, Resources, Target } from './group.ts'
import { indexed, isPinned, targetsOf, withPublished, withRefused } from './group.ts'
import { keyOf, routeConfigurationOf } from './references.ts'

/** Names that may have changed for streams. */
export type Change =
  | { readonly kind: 'opened' }
  | {
      /** Published or held back anew, or accepted by a stream, so that others may have it. */
      readonly kind: 'group' | 'proven'
      readonly group: string
      readonly names: ReadonlyMap<TypeUrl, readonly string[]>
    }

const NOTHING: Resources = new Map()

/** The snapshot of one fleet. It answers nothing before `open`, so that no stream sees half a start. */
export class Store {
  readonly #groups = new Map<string, GroupState>()
  readonly #targets = new Map<TypeUrl, Map<string, Target>>()
  /** Who owns a published key; what is only kept from before owns nothing. */
  readonly #owners = new Map<string, string>()
  /** The version of a key that a stream has accepted. */
  readonly #proven = new Map<string, string>()
  readonly #listeners = new Set<(change: Change) => void>()
  #isOpen = false

  get isOpen(): boolean {
    return this.#isOpen
  }

  /** The groups that have published something. */
  get groups(): Iterable<string> {
    return this.#groups.keys()
  }

  /** Starts serving: call it once every group that exists was published. */
  open(): void {
    if (this.#isOpen) return
    this.#isOpen = true
    this.#notify({ kind: 'opened' })
  }

  /**
   * Replaces everything that a group has; none means that it is gone. Throws, changing nothing, when a name belongs
   * to another group or a scope leads to a RouteConfiguration that is not there.
   */
  publish(group: string, resources: readonly EncodedResource[]): void {
    const published = indexed(resources)
    this.#refuseForeignNames(group, published)
    refuseDanglingScopes(published)
    const before = this.#groups.get(group) ?? emptyGroup(group)
    for (const key of before.published.keys()) this.#owners.delete(key)
    for (const key of published.keys()) this.#owners.set(key, group)
    const after = withPublished(before, published)
    this.#replace(before, after)
    if (published.size === 0) this.#groups.delete(group)
  }

  /** What a group published last. */
  published(group: string): Resources {
    return this.#groups.get(group)?.published ?? NOTHING
  }

  /** What a stream has accepted of a group last, which is what all get while the published is refused. */
  lastGood(group: string): Resources | undefined {
    return this.#groups.get(group)?.lastGood
  }

  /** Whether a group stays on its last good resources. */
  isPinned(group: string): boolean {
    const state = this.#groups.get(group)
    return state !== undefined && isPinned(state)
  }

  /** Whether some group is refused that nobody has ever accepted since we started. */
  get hasGroupWithoutGood(): boolean {
    return [...this.#groups.values()].some((state) => state.lastGood === undefined && isPinned(state))
  }

  /** What streams get under a name. */
  find(typeUrl: TypeUrl, name: string): Target | undefined {
    return this.#targets.get(typeUrl)?.get(name)
  }

  /** Every name of a type. */
  names(typeUrl: TypeUrl): Iterable<string> {
    return this.#targets.get(typeUrl)?.keys() ?? []
  }

  /** What streams get of one group. */
  targets(group: string): ReadonlyMap<string, Target> {
    const state = this.#groups.get(group)
    return state === undefined ? new Map() : targetsOf(state)
  }

  /** Notes what a stream refused: the group goes back to what was accepted last. */
  refuse(settled: Settled): void {
    // A refused response of several groups blames none; each is sent again on its own.
    if (settled.groups.length > 1) return
    for (const { name, group, version } of settled.entries) {
      const before = this.#groups.get(group)
      if (before === undefined || version === undefined) continue
      // Of a response with several resources we cannot tell which one was bad, so all of them are held back.
      this.#replace(before, withRefused(before, keyOf({ typeUrl: settled.typeUrl, name }), version))
    }
  }

  /** Whether some stream has accepted what streams get under a key, so that the others may have it. */
  isProven({ group, resource }: Target): boolean {
    if (resource === undefined) return true
    const key = keyOf(resource)
    return this.#proven.get(key) === resource.version || this.lastGood(group)?.get(key)?.version === resource.version
  }

  /** Notes what a stream has accepted of a group. */
  prove(group: string, accepted: Pick<Progress, 'ackedVersion'>): void {
    const names = new Map<TypeUrl, string[]>()
    for (const [key, target] of this.targets(group)) {
      if (target.resource === undefined || this.isProven(target)) continue
      const { typeUrl, name, version } = target.resource
      if (accepted.ackedVersion(typeUrl, name) !== version) continue
      this.#proven.set(key, version)
      names.set(typeUrl, [...(names.get(typeUrl) ?? []), name])
    }
    if (names.size > 0) this.#notify({ kind: 'proven', group, names })
  }

  /** Notes that a stream has accepted all that a group has published. */
  accept(group: string): void {
    const state = this.#groups.get(group)
    if (state === undefined || state.refused.size > 0 || state.lastGood === state.published) return
    this.#groups.set(group, { ...state, lastGood: state.published })
  }

  /** Calls back at every change until the returned function is called. */
  subscribe(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #replace(before: GroupState, after: GroupState): void {
    if (before === after) return
    this.#groups.set(after.group, after)
    const names = new Map<TypeUrl, string[]>()
    for (const { key, target } of differences(targetsOf(before), targetsOf(after))) {
      const { typeUrl, name } = splitKey(key)
      this.#setTarget(typeUrl, name, target, after.group)
      names.set(typeUrl, [...(names.get(typeUrl) ?? []), name])
    }
    if (names.size > 0) this.#notify({ kind: 'group', group: after.group, names })
  }

  #setTarget(typeUrl: TypeUrl, name: string, target: Target | undefined, group: string): void {
    const ofType = this.#targets.get(typeUrl) ?? new Map<string, Target>()
    this.#targets.set(typeUrl, ofType)
    if (target !== undefined) ofType.set(name, target)
    else if (ofType.get(name)?.group === group) {
      ofType.delete(name)
      this.#proven.delete(keyOf({ typeUrl, name }))
    }
  }

  #refuseForeignNames(group: string, published: Resources): void {
    for (const [key, resource] of published) {
      const owner = this.#owners.get(key)
      if (owner === undefined || owner === group) continue
      throw new Error(
        `Cannot publish "${resource.name}" (${resource.typeUrl}) for group "${group}": another group has it`,
      )
    }
  }

  #notify(change: Change): void {
    for (const listener of this.#listeners) listener(change)
  }
}

type Targets = ReadonlyMap<string, Target>

function differences(
  old: Targets,
  now: Targets,
): readonly { readonly key: string; readonly target: Target | undefined }[] {
  const text = (target: Target | undefined): string => (target === undefined ? '-' : (target.resource?.version ?? ''))
  const keys = [...new Set([...old.keys(), ...now.keys()])]
  return keys.filter((key) => text(old.get(key)) !== text(now.get(key))).map((key) => ({ key, target: now.get(key) }))
}

function emptyGroup(group: string): GroupState {
  return { group, published: NOTHING, lastGood: undefined, refused: new Map() }
}

function splitKey(key: string): { readonly typeUrl: TypeUrl; readonly name: string } {
  const at = key.indexOf('\n')
  return { typeUrl: key.slice(0, at) as TypeUrl, name: key.slice(at + 1) }
}

function refuseDanglingScopes(published: Resources): void {
  for (const resource of published.values()) {
    if (resource.typeUrl !== TYPE_URLS.scopedRoute) continue
    const wanted = routeConfigurationOf(resource)
    if (published.has(keyOf({ typeUrl: TYPE_URLS.routeConfiguration, name: wanted }))) continue
    throw new Error(`Cannot publish scope "${resource.name}": its RouteConfiguration "${wanted}" is not in the group`)
  }
}
