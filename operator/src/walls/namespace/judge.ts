import type { Problem } from '@bulkhead/crds'
import { namespaceOf } from '@bulkhead/tenancy'
import { done, failed } from '../../verdict.ts'
import type { Verdict } from '../../verdict.ts'
import { sentence, unavailable } from '../judgement.ts'
import type { Owner } from '../owner.ts'
import type { Seen } from '../seen.ts'
import { invitationName } from './objects.ts'
import type { WantedNamespace } from './objects.ts'
import type { SeenNamespace } from './observed.ts'

export interface NamespaceFacts {
  readonly owner: Owner
  readonly wanted: WantedNamespace
  readonly seen: Seen<SeenNamespace>
  readonly hasFault: boolean
  /** What the API server refused to make out of the spec. */
  readonly refused: readonly Problem[]
}

export function judgeNamespace({ owner, wanted, seen, hasFault, refused }: NamespaceFacts): Verdict {
  const name = namespaceOf(owner.name)
  if (seen.kind === 'unavailable') return unavailable('KubernetesUnavailable')
  const { value } = seen
  if (value.kind === 'foreign' || (value.kind === 'terminating' && !value.isOwn)) {
    return failed('NameTaken', `Namespace "${name}" exists and is not this tenant's; it was left untouched`)
  }
  if (value.kind === 'terminating') {
    return failed('NamespaceLost', `Somebody deletes "${name}": it is made again, empty, once all in it has gone`)
  }
  const foreign = foreignNames(wanted, value)
  if (foreign.length > 0)
    return failed('NameTaken', `In "${name}" exists what is not this tenant's: ${foreign.join(', ')}`)
  if (hasFault) return unavailable('KubernetesUnavailable')
  return judgeFurniture(name, value, refused)
}

function judgeFurniture(name: string, value: SeenNamespace, refused: readonly Problem[]): Verdict {
  const [first] = refused
  if (first !== undefined) return failed(first.reason, sentence(refused))
  if (value.kind !== 'own') return failed('Progressing', `Namespace "${name}" is being made`)
  const isFurnished = value.objects.length > 0 && value.objects.every((object) => object.kind === 'own')
  return isFurnished
    ? done('NamespaceReady', `Namespace "${name}" stands`)
    : failed('Progressing', `Namespace "${name}" is being furnished`)
}

function foreignNames(wanted: WantedNamespace, seen: SeenNamespace): readonly string[] {
  if (seen.kind !== 'own') return []
  const wantedObjects = [wanted.binding, ...wanted.objects]
  const names = [seen.binding, ...seen.objects].flatMap((object, index) => {
    const one = wantedObjects[index]
    return object.kind === 'foreign' && one !== undefined ? [`${one.kind.kind} "${one.body.metadata.name}"`] : []
  })
  return seen.invitation.kind === 'foreign' ? [...names, `Secret "${invitationName}"`] : names
}
