import type { Metadata } from '@bulkhead/crds'
import { compareText } from '../model/compare-text.ts'
import type { ObjectRef } from '../model/model.ts'

interface WithMetadata {
  readonly metadata: Metadata
}

/** Oldest first, the uid breaks ties: the order in which objects of one tenant win conflicts. */
export function compareAge(left: Metadata, right: Metadata): number {
  return compareText(left.creationTimestamp, right.creationTimestamp) || compareText(left.uid, right.uid)
}

/** The objects of this namespace that are not being deleted, oldest first. */
export function liveObjects<T extends WithMetadata>(objects: readonly T[], namespace: string): readonly T[] {
  return objects
    .filter(({ metadata }) => metadata.namespace === namespace && metadata.deletionTimestamp === undefined)
    .sort((left, right) => compareAge(left.metadata, right.metadata))
}

/** The objects by name; of two with one name (which Kubernetes never has) the oldest stays. */
export function byName<T extends WithMetadata>(objects: readonly T[]): ReadonlyMap<string, T> {
  const found = new Map<string, T>()
  for (const object of objects) if (!found.has(object.metadata.name)) found.set(object.metadata.name, object)
  return found
}

/** How an object is referred to in findings and reports. */
export function refOf(kind: ObjectRef['kind'], metadata: Metadata): ObjectRef {
  const { name, namespace, uid, generation } = metadata
  return { kind, ...(namespace === undefined ? {} : { namespace }), name, uid, generation }
}
