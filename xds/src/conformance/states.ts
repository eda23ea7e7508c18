// What an independent suite has set for each node: a snapshot, and the version that it calls each type's.
import { TYPE_URLS } from '@bulkhead/envoy'
import type { EncodedResource, TypeUrl } from '@bulkhead/envoy'
import { Fleet } from '../fleet/index.ts'
import { keyOf } from '../store/index.ts'
import { sampleResource } from './sample-resources.ts'

/** A resource by type and name, at a version. */
export interface Named {
  readonly typeUrl: string
  readonly name: string
  readonly version: string
}

export type ChangeKind = 'add' | 'update' | 'remove'

const GROUP = 'state'

/** One node's snapshot. */
class State {
  readonly #versions = new Map<TypeUrl, string>()
  readonly #resources = new Map<string, EncodedResource>()
  readonly fleet = new Fleet((typeUrl) => this.#versions.get(typeUrl))

  replace(version: string, resources: readonly EncodedResource[]): void {
    for (const typeUrl of Object.values(TYPE_URLS)) this.#versions.set(typeUrl, version)
    this.#resources.clear()
    for (const resource of resources) this.#resources.set(keyOf(resource), resource)
    this.#publish()
  }

  change(kind: ChangeKind, resource: EncodedResource, version: string): boolean {
    const key = keyOf(resource)
    if (this.#resources.has(key) === (kind === 'add')) return false
    this.#versions.set(resource.typeUrl, version)
    if (kind === 'remove') this.#resources.delete(key)
    else this.#resources.set(key, resource)
    this.#publish()
    return true
  }

  #publish(): void {
    this.fleet.store.publish(GROUP, [...this.#resources.values()])
    this.fleet.store.open()
  }
}

/** The snapshots of all nodes; one that nothing was set for has none yet, and its streams wait. */
export class States {
  readonly #byNode = new Map<string, State>()

  fleetOf(node: string): Fleet {
    return this.#of(node).fleet
  }

  /** Replaces all that a node has; false, changing nothing, when one of the types is none of ours. */
  set(node: string, version: string, names: readonly Omit<Named, 'version'>[]): boolean {
    const made = names.map(({ typeUrl, name }) => sampleResource(typeUrl, { name, version }))
    const resources = made.filter((each) => each !== undefined)
    if (resources.length < made.length) return false
    this.#of(node).replace(version, resources)
    return true
  }

  /** Takes everything away that a node has. */
  clear(node: string): void {
    this.#byNode.get(node)?.replace('', [])
  }

  /** Changes one resource; false when there is none such, or one already. */
  change(node: string, kind: ChangeKind, { typeUrl, ...sample }: Named): boolean {
    const resource = sampleResource(typeUrl, sample)
    return resource !== undefined && this.#of(node).change(kind, resource, sample.version)
  }

  #of(node: string): State {
    const state = this.#byNode.get(node) ?? new State()
    this.#byNode.set(node, state)
    return state
  }
}
