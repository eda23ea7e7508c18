import { kinds, parserOf, plan, subscription, tenant, toolSet } from '@bulkhead/crds'
import type { KindInfo, Plan, Subscription, Tenant, ToolSet } from '@bulkhead/crds'
import { superviseListWatch } from '@bulkhead/runtime'
import type { Change, Clock, IndexFunction, KubeClient, ListWatch, Logger, Metrics } from '@bulkhead/runtime'
import type { z } from 'zod'

export interface WatchParts {
  readonly kubernetes: KubeClient
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
  readonly signal: AbortSignal
}

export interface Listeners {
  readonly onTenant: (change: Change<Tenant>) => void
  readonly onSubscription: (change: Change<Subscription>) => void
  readonly onToolSet: (change: Change<ToolSet>) => void
  readonly onPlan: (change: Change<Plan>) => void
}

export interface Watches {
  readonly tenants: ListWatch<Tenant>
  readonly subscriptions: ListWatch<Subscription>
  readonly toolSets: ListWatch<ToolSet>
  readonly plans: ListWatch<Plan>
}

/** The index of subscriptions by namespace. */
export const byNamespace = 'namespace'

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
    tenants: watch(kinds.tenant, tenant, listeners.onTenant),
    subscriptions: watch(kinds.subscription, subscription, listeners.onSubscription, {
      [byNamespace]: ({ metadata }) => (metadata.namespace === undefined ? [] : [metadata.namespace]),
    }),
    toolSets: watch(kinds.toolSet, toolSet, listeners.onToolSet),
    plans: watch(kinds.plan, plan, listeners.onPlan),
  }
}

export function all({ tenants, subscriptions, toolSets, plans }: Watches): readonly ListWatch<unknown>[] {
  return [tenants, subscriptions, toolSets, plans]
}
