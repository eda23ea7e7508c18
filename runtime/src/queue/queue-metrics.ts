import type { Metrics } from '../metrics.ts'

export interface QueueMetrics {
  waited(durationMs: number): void
  worked(durationMs: number): void
  failed(durationMs: number): void
  sized(waiting: number, running: number, failing: number): void
}

/** Registers the figures of one queue; the label `queue` is its name. */
export function createQueueMetrics(queue: string, metrics: Metrics): QueueMetrics {
  const labels = ['queue']
  const total = metrics.counter({
    name: 'bulkhead_queue_reconciles_total',
    help: 'Reconciles that ended, by result',
    labels: ['queue', 'result'],
  })
  const duration = metrics.histogram({
    name: 'bulkhead_queue_reconcile_seconds',
    help: 'How long a reconcile took',
    labels,
    buckets: [0.005, 0.02, 0.1, 0.5, 1, 5, 20, 60, 180],
  })
  const wait = metrics.histogram({
    name: 'bulkhead_queue_wait_seconds',
    help: 'How long a key waited for a worker',
    labels,
    buckets: [0.005, 0.02, 0.1, 0.25, 0.5, 1, 2.5, 5, 20, 60, 180, 600, 1800],
  })
  const waiting = metrics.gauge({ name: 'bulkhead_queue_waiting', help: 'Keys that wait for a worker', labels })
  const running = metrics.gauge({ name: 'bulkhead_queue_running', help: 'Keys being reconciled', labels })
  const failing = metrics.gauge({ name: 'bulkhead_queue_failing', help: 'Keys whose last reconcile failed', labels })
  const ended = (result: string, durationMs: number): void => {
    total.add({ queue, result })
    duration.observe(durationMs / 1000, { queue })
  }
  return {
    waited: (durationMs) => wait.observe(durationMs / 1000, { queue }),
    worked: (durationMs) => ended('success', durationMs),
    failed: (durationMs) => ended('failure', durationMs),
    sized: (ready, active, broken) => {
      waiting.set(ready, { queue })
      running.set(active, { queue })
      failing.set(broken, { queue })
    },
  }
}
