import { tenantUidLabel } from '@bulkhead/tenancy'
import type { KubeBody, KubeKind, KubeObject, KubeRef } from '@bulkhead/runtime'
import { isEmpty, isRecord, isSame, own } from './sameness.ts'

/** An object as it should be: its labels at least, and every other field exactly. */
export interface WantedObject {
  readonly kind: KubeKind
  readonly body: KubeBody
  /** The field of the Tenant that it is made from: the user's to mend when the API server calls it invalid. */
  readonly madeFrom?: string
}

/** Where a wanted object is. */
export function refOf({ kind, body }: WantedObject): KubeRef {
  return { kind, namespace: body.metadata.namespace, name: body.metadata.name }
}

/** What was found under a wanted object's name. */
export type SeenObject =
  | { readonly kind: 'absent' }
  /** Not of this tenant: it is left alone. */
  | { readonly kind: 'foreign' }
  | { readonly kind: 'own'; readonly object: KubeObject }

/** Judges by the uid label alone: a name can be anybody's. */
export function seeObject(object: KubeObject | undefined, tenantUid: string): SeenObject {
  if (object === undefined) return { kind: 'absent' }
  return object.metadata.labels?.[tenantUidLabel] === tenantUid ? { kind: 'own', object } : { kind: 'foreign' }
}

/** A write that puts back what was changed, and takes away what was added to it. */
export interface Mend {
  readonly kind: 'mend'
  /** Only this incarnation is written. */
  readonly uid: string
  /** What stands in our fields beside what is wanted, as a merge patch that removes it. */
  readonly surplus?: { readonly patch: Fields; readonly resourceVersion: string }
}

type Fields = Readonly<Record<string, unknown>>

export type Repair =
  | { readonly kind: 'none' }
  | { readonly kind: 'create' }
  | Mend
  /** What differs cannot be changed in place. */
  | { readonly kind: 'recreate'; readonly uid: string }
  | { readonly kind: 'foreign' }

/** What has to be done so that the object is as wanted. */
export function repairOf({ body }: WantedObject, seen: SeenObject): Repair {
  if (seen.kind === 'absent') return { kind: 'create' }
  if (seen.kind === 'foreign') return { kind: 'foreign' }
  const { object } = seen
  const { metadata, ...fields } = body
  // A role binding's role is immutable; the API server would refuse the replacement for ever.
  if (fields['roleRef'] !== undefined && !isSame(fields['roleRef'], object['roleRef'])) {
    return { kind: 'recreate', uid: object.metadata.uid ?? '' }
  }
  const hasLabels = Object.entries(metadata.labels ?? {}).every(
    ([key, value]) => object.metadata.labels?.[key] === value,
  )
  const isAsWanted = hasLabels && Object.entries(fields).every(([key, value]) => isSame(value, object[key]))
  return isAsWanted ? { kind: 'none' } : mendOf(fields, object)
}

/** The write that makes an object's fields what is wanted. */
export function mendOf(wanted: Fields, object: KubeObject): Mend {
  const { uid = '', resourceVersion = '' } = object.metadata
  const seen = Object.fromEntries(Object.keys(wanted).map((key) => [key, object[key]]))
  const patch = surplusOf(wanted, seen)
  return { kind: 'mend', uid, ...(patch && { surplus: { patch, resourceVersion } }) }
}

// An apply leaves alone what it does not name: members that others added, and those that we no longer want, since what a
// POST made is not an apply's to take back. Lists are replaced whole.
function surplusOf(wanted: Fields, seen: Fields): Fields | undefined {
  const removals = Object.keys(seen).flatMap((key): readonly (readonly [string, unknown])[] => {
    const [want, have] = [own(wanted, key), own(seen, key)]
    if (isEmpty(have)) return []
    if (isEmpty(want)) return [[key, null]]
    const inner = isRecord(want) && isRecord(have) ? surplusOf(want, have) : undefined
    return inner === undefined ? [] : [[key, inner]]
  })
  return removals.length === 0 ? undefined : Object.fromEntries(removals)
}
