import { repairOf } from '../../kubernetes/wanted-object.ts'
import type { Mend, SeenObject, WantedObject } from '../../kubernetes/wanted-object.ts'
import type { WantedNamespace } from './objects.ts'
import type { SeenNamespace } from './observed.ts'

export type NamespaceStep = { readonly wall: 'namespace' } & (
  | { readonly kind: 'create'; readonly object: WantedObject }
  | (Mend & { readonly object: WantedObject })
  | { readonly kind: 'delete'; readonly object: WantedObject; readonly uid: string }
  | { readonly kind: 'store-invitation'; readonly object: WantedObject }
)

/** `invite`: the first admin is awaited, and gets an invitation where there is none. */
export function planNamespace(
  { namespace, binding, objects, unwanted, invitation }: WantedNamespace,
  seen: SeenNamespace,
  invite: boolean,
): readonly NamespaceStep[] {
  switch (seen.kind) {
    case 'foreign':
    case 'terminating':
      return []
    case 'absent':
      // Nothing more before it was seen: somebody else's may come to stand there first.
      return [create(namespace)]
    case 'own': {
      const first = [...repair(namespace, seen.namespace), ...repair(binding, seen.binding)]
      if (seen.binding.kind === 'foreign') return first
      if (seen.binding.kind === 'absent') return [...first, ...objects.filter((object) => !isDoor(object)).map(create)]
      const seenOf = (index: number) => seen.objects[index] ?? { kind: 'absent' as const }
      const hasWalls = objects.every((object, index) => isDoor(object) || seenOf(index).kind === 'own')
      const isInTurn = (object: WantedObject, index: number) =>
        hasWalls || !isDoor(object) || seenOf(index).kind !== 'absent'
      const rest = objects.flatMap((object, index) => (isInTurn(object, index) ? repair(object, seenOf(index)) : []))
      const surplus = unwanted.flatMap((object, index) => remove(object, seen.unwanted?.[index]))
      const isInviting = invite && seen.invitation.kind === 'absent'
      const last: NamespaceStep = { wall: 'namespace', kind: 'store-invitation', object: invitation }
      return [...first, ...surplus, ...rest, ...(isInviting ? [last] : [])]
    }
  }
}

// The admins are let in last: not before the quota and the policies were seen, even when one of them is refused.
function isDoor({ madeFrom }: WantedObject): boolean {
  return madeFrom === 'spec.admins'
}

function create(object: WantedObject): NamespaceStep {
  return { wall: 'namespace', kind: 'create', object }
}

function remove(object: WantedObject, seen: SeenObject | undefined): readonly NamespaceStep[] {
  if (seen?.kind !== 'own') return []
  return [{ wall: 'namespace', kind: 'delete', object, uid: seen.object.metadata.uid ?? '' }]
}

function repair(object: WantedObject, seen: SeenObject): readonly NamespaceStep[] {
  const needed = repairOf(object, seen)
  switch (needed.kind) {
    case 'none':
    case 'foreign':
      return []
    case 'create':
      return [create(object)]
    case 'mend':
      return [{ wall: 'namespace', object, ...needed }]
    case 'recreate':
      return [{ wall: 'namespace', kind: 'delete', object, uid: needed.uid }, create(object)]
  }
}
