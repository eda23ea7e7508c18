import type { Change } from '@bulkhead/runtime'
import { namespaceOf } from '@bulkhead/tenancy'
import type { SubscriptionFacts, TenantFacts } from '../facts.ts'
import { rivalsOf } from '../subscription/external/rivals.ts'
import { tenantGives } from '../subscription/wanted.ts'
import { isWaitingForOthers, setsFree } from '../tenant/waiting.ts'
import { ownerOf } from '../walls/owner.ts'
import { byNamespace } from '../watches.ts'
import type { byPlan, byToolSet } from '../watches.ts'
import { forgetTenant } from './memory.ts'
import { namespaceIn } from './running.ts'
import type { Running } from './running.ts'

/**
 * Has a Subscription looked at, and whoever may get or lose a client by it. One that is gone is known by its uid, so that
 * its successor of the same name is not taken for it.
 */
export function subscriptionChanged(running: Running, change: Change<SubscriptionFacts>): void {
  const { subscriptions, memory, watches } = running
  const { type, key, object } = change
  // Who waited for its client may have it now; of two that are of one age, the one that has it may have to give it up.
  if (type !== 'modified' || object.metadata.deletionTimestamp !== undefined) {
    const { namespace = '' } = object.metadata
    for (const { metadata } of rivalsOf(watches.subscriptions.store.getByIndex(byNamespace, namespace), object)) {
      subscriptions.add(`${namespace}/${metadata.name}`)
    }
  }
  if (type === 'deleted') memory.subscriptionLooks.delete(object.metadata.uid)
  subscriptions.add(type === 'deleted' ? `${key}/${object.metadata.uid}` : key)
}

/** Has a Tenant looked at, and every Subscription that is made from what changed. */
export function tenantChanged(running: Running, change: Change<TenantFacts>): void {
  const { tenants, subscriptions, watches, memory, options } = running
  const { object } = change
  if (change.type === 'deleted') {
    forgetTenant(memory, object.metadata.uid)
    options.operatorMetrics.held(memory.held.size)
    options.parts.issuerKeys.forget(object.metadata.uid)
  } else memory.amiss.changed(object)
  tenants.add(change.key)
  if (setsFree(change)) stirWaiting(running)
  const owner = ownerOf(object.metadata)
  if (owner === undefined || !hasChanged(change, tenantGives)) return
  const namespace = namespaceOf(owner.name)
  for (const { metadata } of watches.subscriptions.store.getByIndex(byNamespace, namespace)) {
    subscriptions.add(`${namespace}/${metadata.name}`)
  }
}

// What somebody gave up may be what another waits for.
function stirWaiting(running: Running): void {
  for (const tenant of running.watches.tenants.store.values()) if (isWaitingForOthers(tenant)) stir(running, tenant)
}

/** Has a Tenant looked at anew: what was seen of its keys, or of its schema's next version, is seen no more. */
export function lookAnew(running: Running, name: string): void {
  const tenant = running.watches.tenants.store.get(name)
  if (tenant !== undefined) stir(running, tenant)
}

// The tenant is looked at anew, however good its last look was.
function stir({ tenants, memory }: Running, { metadata }: TenantFacts): void {
  memory.stirred.add(metadata.uid)
  tenants.add(metadata.name)
}

// What subscriptions are made from; whatever else changes, like a status, is nothing to them.
export function hasChanged<T>(change: Change<T>, gives: (object: T) => string): boolean {
  return change.type !== 'modified' || gives(change.old) !== gives(change.object)
}

export function referenceChanged(
  { subscriptions, watches }: Running,
  index: typeof byToolSet | typeof byPlan,
  { key }: Pick<Change<unknown>, 'key'>,
): void {
  for (const { metadata } of watches.subscriptions.store.getByIndex(index, key)) {
    subscriptions.add(`${namespaceIn(key)}/${metadata.name}`)
  }
}
