import { createDepartures } from '../brake.ts'
import type { Departures } from '../brake.ts'
import { createDoubts } from '../subscription/doubt.ts'
import type { Doubts } from '../subscription/doubt.ts'
import type { SubscriptionLook } from '../subscription/reconcile.ts'
import { createAmiss } from '../tenant/amiss.ts'
import type { Amiss } from '../tenant/amiss.ts'
import type { Look } from '../tenant/look.ts'
import type { OperatorOptions } from './running.ts'

/** What is remembered from one piece of work to the next; losing it costs a look, never more. */
export interface Memory {
  /** The last complete look at a tenant, by uid: good until its spec changes or a resync is due. */
  readonly looks: Map<string, Look>
  /** Uids of Tenants whose last look, also one that is just being taken, is good no more. */
  readonly stirred: Set<string>
  /** Likewise at a Subscription, by uid. */
  readonly subscriptionLooks: Map<string, SubscriptionLook>
  readonly departures: Departures
  readonly doubts: Doubts
  readonly amiss: Amiss
  /** Uids of Tenants whose deletion is held back. */
  readonly held: Set<string>
}

export function createMemory({ brake, operatorMetrics }: Pick<OperatorOptions, 'brake' | 'operatorMetrics'>): Memory {
  return {
    looks: new Map(),
    stirred: new Set(),
    subscriptionLooks: new Map(),
    departures: createDepartures(brake.windowMs),
    doubts: createDoubts(),
    amiss: createAmiss((condition, since) => operatorMetrics.amissSince(condition, since)),
    held: new Set(),
  }
}

/** Nothing is kept of a Tenant that is gone, but when it went. */
export function forgetTenant({ looks, stirred, doubts, amiss, held }: Memory, uid: string): void {
  looks.delete(uid)
  stirred.delete(uid)
  held.delete(uid)
  doubts.forget(uid)
  amiss.forget(uid)
}
