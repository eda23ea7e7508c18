// What a state-of-the-world response of a complete type holds: all of it, whatever changed.
import type { EncodedResource } from '@bulkhead/envoy'
import type { Batch } from './batch.ts'
import type { SentEntry } from './protocol.ts'

/** All that a client was sent of one type and was not told to drop. */
export class WorldContent {
  readonly #content = new Map<string, { readonly entry: SentEntry; readonly resource: EncodedResource }>()

  /** Takes in what changed, and gives the whole, without what the client no longer wants. */
  merge(batch: Batch, wants: (name: string) => boolean): Batch {
    const resources = new Map(batch.resources.map((resource) => [resource.name, resource]))
    const gone: SentEntry[] = []
    for (const entry of batch.entries) {
      const resource = resources.get(entry.name)
      if (resource !== undefined) this.#content.set(entry.name, { entry, resource })
      else {
        this.#content.delete(entry.name)
        gone.push(entry)
      }
    }
    for (const name of this.#content.keys()) if (!wants(name)) this.#content.delete(name)
    const all = [...this.#content.values()]
    const entries = [...all.map(({ entry }) => entry), ...gone]
    return { entries, resources: all.map(({ resource }) => resource), bytes: batch.bytes }
  }

  /** Forgets a resource that the client refused and never had. */
  drop(name: string): void {
    this.#content.delete(name)
  }
}
