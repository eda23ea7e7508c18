// facts: objects as they are read. A spec that cannot be used hides neither whose object it is nor what was said of it,
// so that it can be told of and taken away like any other.
import { parserOf, subscription, tenant } from '@bulkhead/crds'
import type { Subscription, Tenant } from '@bulkhead/crds'
import { z } from 'zod'

const identityFacts = tenant.shape.spec.shape.identity.unwrap().pick({ type: true })

const databaseFacts = tenant.shape.spec.shape.database.unwrap().pick({ channel: true })

/** What can be read of every Tenant; where the spec cannot, the policy is the one that destroys nothing. */
export const tenantFacts = z.object({
  metadata: tenant.shape.metadata,
  spec: tenant.shape.spec
    .pick({ suspended: true, deletionPolicy: true })
    .extend({ identity: identityFacts.catch({ type: 'Realm' }), database: databaseFacts.catch({ channel: 'Stable' }) })
    .catch({
      ...{ suspended: false, deletionPolicy: 'Retain' },
      ...{ identity: { type: 'Realm' }, database: { channel: 'Stable' } },
    }),
  status: tenant.shape.status.catch(undefined),
})
export type TenantFacts = z.infer<typeof tenantFacts>

/** What can be read of every Subscription. */
export const subscriptionFacts = z.object({
  metadata: subscription.shape.metadata,
  spec: subscription.shape.spec.pick({ toolSetRef: true, planRef: true, credentials: true }).partial().catch({}),
  status: subscription.shape.status.catch(undefined),
})
export type SubscriptionFacts = z.infer<typeof subscriptionFacts>

/** An object that was read: the whole of it, or what can be read of it and why not more. */
export type Read<Facts, Whole extends Facts> =
  | { readonly kind: 'whole'; readonly object: Whole }
  | { readonly kind: 'facts'; readonly object: Facts; readonly problem: string }
export type ReadTenant = Read<TenantFacts, Tenant>
export type ReadSubscription = Read<SubscriptionFacts, Subscription>

function readerOf<Facts, Whole extends Facts>(whole: z.ZodType<Whole>, facts: z.ZodType<Facts>) {
  const parse = parserOf(whole)
  return (raw: unknown): Read<Facts, Whole> => {
    const parsed = parse(raw)
    if (parsed.ok) return { kind: 'whole', object: parsed.value }
    return { kind: 'facts', object: facts.parse(raw), problem: parsed.problem }
  }
}

export const readTenant = readerOf(tenant, tenantFacts)
export const readSubscription = readerOf(subscription, subscriptionFacts)
