import { tenantUidLabel } from '@bulkhead/tenancy'
import type { KubeBody, KubeKind, KubeObject, KubeRef } from '@bulkhead/runtime'

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

export type Repair =
  | { readonly kind: 'none' }
  | { readonly kind: 'create' }
  | { readonly kind: 'replace'; readonly resourceVersion: string }
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
  return isAsWanted ? { kind: 'none' } : { kind: 'replace', resourceVersion: object.metadata.resourceVersion ?? '' }
}

/** Whether two values mean the same to the API server: key order, empty members and the spelling of quantities aside. */
export function isSame(a: unknown, b: unknown): boolean {
  if (isEmpty(a) && isEmpty(b)) return true
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => isSame(item, b[index]))
  }
  if (isRecord(a) && isRecord(b)) {
    return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((key) => isSame(own(a, key), own(b, key)))
  }
  return a === b || isSameQuantity(a, b)
}

function own(record: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(record, key) ? record[key] : undefined
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true
  return Array.isArray(value) ? value.length === 0 : isRecord(value) && Object.keys(value).length === 0
}

const factors: Readonly<Record<string, number>> = {
  ...{ '': 1, m: 1e-3, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18 },
  ...{ Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50, Ei: 2 ** 60 },
}

// The API server writes `1000m` back as `1`; without this the difference would be repaired for ever.
function isSameQuantity(a: unknown, b: unknown): boolean {
  if (typeof a !== 'string' || typeof b !== 'string') return false
  const [left, right] = [quantity(a), quantity(b)]
  return left !== undefined && left === right
}

function quantity(text: string): number | undefined {
  const match = /^([0-9]{1,18}(?:\.[0-9]{1,9})?)(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$/.exec(text)
  return match === null ? undefined : Number(match[1]) * (factors[match[2] ?? ''] ?? 1)
}
