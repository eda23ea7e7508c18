import type { ReconcileResult } from '@bulkhead/runtime'
import { tenantOfNamespace } from '@bulkhead/tenancy'
import { readSubscription } from '../facts.ts'
import { subscriptionKind } from '../kubernetes/kinds.ts'
import { isClientTaken } from '../subscription/external/rivals.ts'
import { leaveRealm, reconcileSubscription } from '../subscription/reconcile.ts'
import { byNamespace, neighbours } from '../watches.ts'
import { freshest, requeue } from './requeue.ts'
import type { Running } from './running.ts'

/** Makes one Subscription what it says; says when to come back. */
export async function workSubscription(running: Running, key: string, signal: AbortSignal): Promise<ReconcileResult> {
  const { options, watches } = running
  const { subscriptionLooks } = running.memory
  const [namespace = '', name = '', goneUid] = key.split('/')
  const tenant = watches.tenants.store.get(tenantOfNamespace(namespace) ?? '')
  const found = await options.kubernetes.find({ kind: subscriptionKind, namespace, name }, { signal })
  if (goneUid !== undefined && found?.metadata.uid !== goneUid) {
    return requeue(await leaveRealm(options.parts, goneUid, tenant, signal), options)
  }
  if (found === undefined) return {}
  const subscription = readSubscription(found)
  const { uid } = subscription.object.metadata
  const around = {
    recent: freshest(subscriptionLooks.get(uid), options),
    tenant,
    ...neighbours(watches, namespace),
    isClientTaken: isClientTaken(watches.subscriptions.store.getByIndex(byNamespace, namespace), subscription.object),
  }
  subscriptionLooks.delete(uid)
  const reconciled = await reconcileSubscription(options.parts, subscription, around, signal)
  if (reconciled.look !== undefined) subscriptionLooks.set(uid, reconciled.look)
  options.operatorMetrics.ended('Subscription', reconciled.outcome.kind)
  return requeue(reconciled.outcome, options)
}
