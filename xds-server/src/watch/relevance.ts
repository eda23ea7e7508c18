import type { Metadata, Subscription, Tenant } from '@bulkhead/crds'
import { findCondition } from '@bulkhead/crds'
import type { Seen } from './seen.ts'

// Our own status writes come back through the watch: whatever is compared here must not hold what we write, or every
// report would cause a build, and every build a report.

/** Whether a newer version of a Tenant could build differently. */
export function isTenantChanged(old: Tenant, now: Tenant): boolean {
  return tenantText(old) !== tenantText(now)
}

/** Whether a newer version of another object of ours could build differently. */
export function isObjectChanged(old: Seen<unknown>, now: Seen<unknown>): boolean {
  return metadataText(old.metadata) !== metadataText(now.metadata) || old.kind !== now.kind
}

/** Whether a newer version of a Subscription could build differently: the operator's decision counts too. */
export function isSubscriptionChanged(old: Seen<Subscription>, now: Seen<Subscription>): boolean {
  return isObjectChanged(old, now) || acceptedText(old) !== acceptedText(now)
}

function metadataText({ uid, generation, deletionTimestamp }: Metadata): string {
  return `${uid} ${generation} ${deletionTimestamp ?? ''}`
}

function tenantText({ metadata, status }: Tenant): string {
  const { namespace, id, granted, identity } = status ?? {}
  const judged = ['Granted', 'IdentityReady'].map(
    (type) => findCondition(status?.conditions, type)?.observedGeneration ?? -1,
  )
  return JSON.stringify([metadataText(metadata), namespace, id, granted, identity, judged])
}

function acceptedText(seen: Seen<Subscription>): string {
  if (seen.kind === 'invalid') return ''
  const accepted = findCondition(seen.object.status?.conditions, 'Accepted')
  return `${accepted?.status ?? ''} ${accepted?.observedGeneration ?? ''}`
}
