import { faultReasonOf } from '../list-watch/fault-reason.ts'
import type { Logger } from '../logger.ts'
import type { Metrics } from '../metrics.ts'

/** What an election tells people. */
export interface ElectionTelemetry {
  acquired(): void
  /** `fault` says why; without one the lease was given back. */
  ended(how: 'lost' | 'released', fault?: unknown): void
  attempted(tookMs: number): void
  failed(error: unknown): void
  worked(): void
  refused(): void
  termFailed(error: unknown, retryAfterMs: number): void
}

/** Registers the figures of one lease. */
export function createElectionTelemetry(lease: string, logger: Logger, metrics: Metrics): ElectionTelemetry {
  const labels = ['lease']
  const leads = metrics.gauge({ name: 'bulkhead_leader_leads', help: '1 while this process leads', labels })
  const terms = metrics.counter({
    name: 'bulkhead_leader_terms_total',
    help: 'Terms of this process that began (acquired) or ended (lost, released)',
    labels: ['lease', 'what'],
  })
  const seconds = metrics.histogram({
    name: 'bulkhead_leader_renew_seconds',
    help: 'How long a renewal took',
    labels,
    buckets: [0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10],
  })
  const faults = metrics.counter({
    name: 'bulkhead_leader_faults_total',
    help: 'Attempts to get or renew the lease that failed, by reason',
    labels: ['lease', 'reason'],
  })
  const refusals = metrics.counter({
    name: 'bulkhead_leader_refused_writes_total',
    help: 'Writes that were refused because the lease was not surely ours',
    labels,
  })
  leads.set(0, { lease })
  let failures = 0
  return {
    acquired: () => {
      leads.set(1, { lease })
      terms.add({ lease, what: 'acquired' })
      logger.info({ lease }, 'this process leads')
    },
    ended: (what, fault) => {
      leads.set(0, { lease })
      terms.add({ lease, what })
      if (what === 'lost') logger.warn({ lease, err: fault }, 'leadership lost')
      else logger.info({ lease }, 'leadership given back')
    },
    attempted: (tookMs) => seconds.observe(tookMs / 1000, { lease }),
    failed: (error) => {
      const reason = faultReasonOf(error)
      faults.add({ lease, reason })
      if (failures === 0) logger.warn({ lease, reason, err: error }, 'cannot use the lease, trying again')
      failures += 1
    },
    worked: () => {
      if (failures > 0) logger.info({ lease, failures }, 'the lease can be used again')
      failures = 0
    },
    refused: () => refusals.add({ lease }),
    termFailed: (error, retryAfterMs) => {
      logger.error({ lease, retryAfterMs, err: error }, 'cannot lead, another process may try')
    },
  }
}
