import type { KubeKind } from '../kubernetes/kind.ts'
import type { Logger } from '../logger.ts'
import type { CounterMetric, Metrics } from '../metrics.ts'
import { faultReasonOf } from './fault-reason.ts'

/** What a list and watch tells people: a line when trouble starts and ends, figures for everything else. */
export interface Telemetry {
  readonly handlerFaults: CounterMetric
  requested(verb: 'list' | 'watch'): void
  failed(error: unknown, retryAfterMs: number): void
  worked(atMs: number): void
  counted(objects: number, quarantined: number): void
}

/** Registers the figures; the label `resource` is bounded by the kinds that we watch. */
export function createTelemetry(kind: KubeKind, logger: Logger, metrics: Metrics): Telemetry {
  const resource = kind.group === '' ? kind.plural : `${kind.plural}.${kind.group}`
  const one = (name: string, help: string): { name: string; help: string; labels: string[] } => ({
    name: `bulkhead_kubernetes_${name}`,
    help,
    labels: ['resource'],
  })
  const requests = metrics.counter({
    name: 'bulkhead_kubernetes_requests_total',
    help: 'Lists and watches started',
    labels: ['resource', 'verb'],
  })
  const faults = metrics.counter({
    name: 'bulkhead_kubernetes_faults_total',
    help: 'Lists and watches that failed, by reason',
    labels: ['resource', 'reason'],
  })
  const handlerFaults = metrics.counter(one('handler_faults_total', 'Changes that our own handler refused'))
  const objects = metrics.gauge(one('objects', 'Objects in the store'))
  const quarantine = metrics.gauge(one('quarantined_objects', 'Objects that could not be parsed'))
  const contact = metrics.gauge(one('last_contact_seconds', 'When the API server last answered usefully, Unix time'))
  const healthy = metrics.gauge(one('healthy', '1 while the last list or watch worked'))
  let failures = 0
  return {
    handlerFaults: {
      add: (_labels, by) => handlerFaults.add({ resource }, by),
      remove: () => handlerFaults.remove({ resource }),
    },
    requested: (verb) => requests.add({ resource, verb }),
    failed: (error, retryAfterMs) => {
      const reason = faultReasonOf(error)
      faults.add({ resource, reason })
      healthy.set(0, { resource })
      const fields = { resource, reason, retryAfterMs, failures, err: error }
      if (failures === 0) logger.warn(fields, 'list and watch failed, trying again')
      else logger.debug(fields, 'list and watch failed again')
      failures += 1
    },
    worked: (atMs) => {
      if (failures > 0) logger.info({ resource, failures }, 'list and watch works again')
      failures = 0
      healthy.set(1, { resource })
      contact.set(atMs / 1000, { resource })
    },
    counted: (known, quarantined) => {
      objects.set(known, { resource })
      quarantine.set(quarantined, { resource })
    },
  }
}
