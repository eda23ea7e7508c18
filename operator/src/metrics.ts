import type { HistogramMetric, Metrics } from '@bulkhead/runtime'

const seconds = [0.005, 0.02, 0.05, 0.1, 0.25, 1, 2.5, 5, 15, 60, 180]

/** What the operator counts beyond what its queues and watches count themselves. */
export interface OperatorMetrics {
  readonly keycloak: HistogramMetric
  readonly postgres: HistogramMetric
  /** Counts how a reconcile of a kind ended: ready, waiting, stalled, gone. */
  ended(kind: string, outcome: string): void
  /** Counts that the bootstrap account went into a realm to let our own in again. */
  accountRestored(): void
  /** Tells since when the Tenant that waits longest has a condition amiss, in Unix seconds; undefined: none has. */
  amissSince(condition: string, sinceSeconds: number | undefined): void
  /** Tells how many deletions are held back now. */
  held(count: number): void
}

export function createOperatorMetrics(metrics: Metrics): OperatorMetrics {
  const latency = (name: string, help: string): HistogramMetric =>
    metrics.histogram({ name, help, labels: ['call'], buckets: seconds })
  const restored = metrics.counter({
    name: 'bulkhead_operator_accounts_restored_total',
    help: 'How often the bootstrap account went into a realm to let our own account in again',
  })
  const outcomes = metrics.counter({
    name: 'bulkhead_operator_outcomes_total',
    help: 'Reconciles that ended without a fault, by how they ended',
    labels: ['kind', 'outcome'],
  })
  const held = metrics.gauge({
    name: 'bulkhead_operator_deletions_held',
    help: 'Tenants whose deletion waits because too many were deleted at once',
  })
  const amiss = metrics.gauge({
    name: 'bulkhead_operator_amiss_since_timestamp_seconds',
    help: 'Since when the Tenant that waits longest has a condition amiss, by condition; absent while none has',
    labels: ['condition'],
  })
  return {
    keycloak: latency('bulkhead_operator_keycloak_seconds', 'How long Keycloak took to answer'),
    postgres: latency('bulkhead_operator_postgres_seconds', 'How long a transaction took'),
    accountRestored: () => restored.add({}),
    ended: (kind, outcome) => outcomes.add({ kind, outcome }),
    amissSince: (condition, since) =>
      since === undefined ? amiss.remove({ condition }) : amiss.set(since, { condition }),
    held: (count) => held.set(count),
  }
}
