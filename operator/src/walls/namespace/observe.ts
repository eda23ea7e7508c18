import { fullQuota, isForbidden, isKubeObject } from '@bulkhead/runtime'
import type { KubeObject, KubeRef } from '@bulkhead/runtime'
import { networkPolicyKind } from '../../kubernetes/kinds.ts'
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
  const { kubernetes } = parts
  const find = (ref: KubeRef) => patiently(parts, () => kubernetes.find(ref, { signal }), signal)
  // In any namespace we may look at role bindings, whoever's it is.
  const seeOutside = async (object: WantedObject) =>
    seeObject(await kubernetes.find(refOf(object), { signal }), owner.uid)
  const [namespace, binding] = await Promise.all([seeOutside(wanted.namespace), seeOutside(wanted.binding)])
  if (namespace.kind === 'absent') return { kind: 'absent' }
  if (isTerminating(namespace)) return { kind: 'terminating', isOwn: namespace.kind === 'own' }
  if (namespace.kind === 'foreign') return { kind: 'foreign' }
  if (binding.kind !== 'own') return { kind: 'own', namespace, binding, objects: [], invitation: { kind: 'absent' } }
  const see = async (object: WantedObject) => seeObject(await find(refOf(object)), owner.uid)
  const policies = patiently(parts, () => listPolicies(parts, wanted.namespace.body, signal), signal)
  const seePolicy = async ({ body }: WantedObject) => seeObject((await policies).get(body.metadata.name), owner.uid)
  const [invitation, objects, unwanted] = await Promise.all([
    see(wanted.invitation),
    Promise.all(wanted.objects.map((object) => (object.kind === networkPolicyKind ? seePolicy(object) : see(object)))),
    Promise.all(wanted.unwanted.map(see)),
  ])
  return { kind: 'own', namespace, binding, objects, unwanted, invitation }
}

// A list of all costs what one of them costs.
async function listPolicies(
  { kubernetes }: Pick<Parts, 'kubernetes'>,
  { metadata }: WantedObject['body'],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, KubeObject>> {
  const { items } = await kubernetes.listAll(networkPolicyKind, { namespace: metadata.name, signal })
  return new Map(items.filter(isKubeObject).map((policy) => [policy.metadata.name, policy]))
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
