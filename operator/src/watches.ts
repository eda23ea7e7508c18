import { kinds, parserOf, plan, toolSet } from '@bulkhead/crds'
import type { KindInfo, Plan, ToolSet } from '@bulkhead/crds'
import { superviseListWatch } from '@bulkhead/runtime'
import type { Change, Clock, IndexFunction, KubeClient, ListWatch, Logger, Metrics } from '@bulkhead/runtime'
import type { z } from 'zod'
import { subscriptionFacts, tenantFacts } from './facts.ts'
import type { SubscriptionFacts, TenantFacts } from './facts.ts'

export interface WatchParts {
  readonly kubernetes: KubeClient
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
  readonly signal: AbortSignal
}

export interface Listeners {
  readonly onTenant: (change: Change<TenantFacts>) => void
  readonly onSubscription: (change: Change<SubscriptionFacts>) => void
  readonly onToolSet: (change: Change<ToolSet>) => void
  readonly onPlan: (change: Change<Plan>) => void
}

export interface Watches {
  readonly tenants: ListWatch<TenantFacts>
  readonly subscriptions: ListWatch<SubscriptionFacts>
  readonly toolSets: ListWatch<ToolSet>
  readonly plans: ListWatch<Plan>
}

/** The indexes of subscriptions: by namespace, and by the key of the ToolSet and of the Plan that they refer to. */
export const byNamespace = 'namespace'
export const byToolSet = 'toolSet'
export const byPlan = 'plan'

/** Keeps copies of the four kinds that the operator reads. */
export function startWatches(parts: WatchParts, listeners: Listeners): Watches {
  const watch = <T>(
    kind: KindInfo,
    schema: z.ZodType<T>,
    onChange: (change: Change<T>) => void,
    indexes: Readonly<Record<string, IndexFunction<T>>> = {},
  ): ListWatch<T> =>
    superviseListWatch({ ...parts, client: parts.kubernetes, kind, parse: parserOf(schema), onChange, indexes })
  return {
    tenants: watch(kinds.tenant, tenantFacts, listeners.onTenant),
    subscriptions: watch(kinds.subscription, subscriptionFacts, listeners.onSubscription, {
      [byNamespace]: ({ metadata: { namespace = '' } }) => [namespace],
      [byToolSet]: ({ metadata: { namespace = '' }, spec }) => [`${namespace}/${spec.toolSetRef?.name ?? ''}`],
      [byPlan]: ({ metadata: { namespace = '' }, spec }) => [`${namespace}/${spec.planRef?.name ?? ''}`],
    }),
    toolSets: watch(kinds.toolSet, toolSet, listeners.onToolSet),
    plans: watch(kinds.plan, plan, listeners.onPlan),
  }
}

/** The copies of one kind, by namespace and name. */
interface Copies<T> {
  readonly store: { readonly get: (key: string) => T | undefined }
}

/** Where a Subscription finds what it names: in its own namespace and nowhere else. */
export function neighbours(
  { toolSets, plans }: { readonly toolSets: Copies<ToolSet>; readonly plans: Copies<Plan> },
  namespace: string,
) {
  return {
    toolSet: (name: string) => toolSets.store.get(`${namespace}/${name}`),
    plan: (name: string) => plans.store.get(`${namespace}/${name}`),
  }
}

export function all({ tenants, subscriptions, toolSets, plans }: Watches): readonly ListWatch<unknown>[] {
  return [tenants, subscriptions, toolSets, plans]
}
