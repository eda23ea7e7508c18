import { fullQuota, isForbidden } from '@bulkhead/runtime'
import type { KubeObject, KubeRef } from '@bulkhead/runtime'
import { refOf, seeObject } from '../../kubernetes/wanted-object.ts'
import type { WantedObject } from '../../kubernetes/wanted-object.ts'
import type { Parts } from '../../parts.ts'
import type { Owner } from '../owner.ts'
import type { WantedNamespace } from './objects.ts'
import type { SeenNamespace } from './observed.ts'

export async function observeNamespace(
  parts: Pick<Parts, 'kubernetes' | 'clock'>,
  owner: Owner,
  wanted: WantedNamespace,
  signal: AbortSignal,
): Promise<SeenNamespace> {
  const find = (ref: KubeRef) => patiently(parts, () => parts.kubernetes.find(ref, { signal }), signal)
  const see = async (object: WantedObject) => seeObject(await find(refOf(object)), owner.uid)
  const namespace = seeObject(await parts.kubernetes.find(refOf(wanted.namespace), { signal }), owner.uid)
  if (namespace.kind === 'absent') return { kind: 'absent' }
  if (isTerminating(namespace)) return { kind: 'terminating', isOwn: namespace.kind === 'own' }
  if (namespace.kind === 'foreign') return { kind: 'foreign' }
  const binding = await see(wanted.binding)
  if (binding.kind !== 'own') return { kind: 'own', namespace, binding, objects: [], invitation: { kind: 'absent' } }
  const [invitation, objects, unwanted] = await Promise.all([
    see(wanted.invitation),
    Promise.all(wanted.objects.map(see)),
    Promise.all(wanted.unwanted.map(see)),
  ])
  return { kind: 'own', namespace, binding, objects, unwanted, invitation }
}

function isTerminating(seen: { readonly kind: string; readonly object?: KubeObject }): boolean {
  return seen.object?.metadata.deletionTimestamp !== undefined
}

const forbiddenTries = 20
const forbiddenPauseMs = 100

// The API server needs a moment to believe a new role binding; until then our own namespace is shut to us.
export async function patiently<T>(
  { clock }: Pick<Parts, 'clock'>,
  work: () => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work()
    } catch (error) {
      const mayPass = isForbidden(error) && fullQuota(error) === undefined
      if (!mayPass || attempt === forbiddenTries) throw error
      await clock.sleep(forbiddenPauseMs, signal)
    }
  }
}
