import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'

/** Label values of one sample; their names are fixed when the metric is made. */
export type Labels = Readonly<Record<string, string>>

export interface MetricSpec {
  readonly name: string
  readonly help: string
  readonly labels?: readonly string[]
}

export interface HistogramSpec extends MetricSpec {
  readonly buckets: readonly number[]
}

export interface CounterMetric {
  add(labels?: Labels, by?: number): void
  /** Forgets one label set, so that what no longer exists is no longer exported. */
  remove(labels: Labels): void
}

export interface GaugeMetric {
  set(value: number, labels?: Labels): void
  /** Forgets one label set, so that what no longer exists is no longer exported. */
  remove(labels: Labels): void
}

export interface HistogramMetric {
  observe(value: number, labels?: Labels): void
}

/** What a room needs to count; asking for the same name twice gives the same metric. */
export interface Metrics {
  counter(spec: MetricSpec): CounterMetric
  gauge(spec: MetricSpec): GaugeMetric
  histogram(spec: HistogramSpec): HistogramMetric
}

/** The metrics of one process, and their text for Prometheus. */
export interface MetricsRegistry extends Metrics {
  readonly contentType: string
  text(): Promise<string>
}

export interface MetricsOptions {
  /** Also export Node's own figures (memory, event loop lag). */
  readonly processMetrics?: boolean
}

/** Makes an empty registry; nothing is global, so that tests do not see each other. */
export function createMetrics({ processMetrics = false }: MetricsOptions = {}): MetricsRegistry {
  const registry = new Registry()
  if (processMetrics) collectDefaultMetrics({ register: registry })
  const counters = new Map<string, CounterMetric>()
  const gauges = new Map<string, GaugeMetric>()
  const histograms = new Map<string, HistogramMetric>()
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    counter: (spec) => once(counters, spec.name, () => makeCounter(registry, spec)),
    gauge: (spec) => once(gauges, spec.name, () => makeGauge(registry, spec)),
    histogram: (spec) => once(histograms, spec.name, () => makeHistogram(registry, spec)),
  }
}

function once<M>(known: Map<string, M>, name: string, make: () => M): M {
  const existing = known.get(name)
  if (existing !== undefined) return existing
  const made = make()
  known.set(name, made)
  return made
}

function makeCounter(registry: Registry, spec: MetricSpec): CounterMetric {
  const counter = new Counter({ ...baseOf(spec), registers: [registry] })
  return { add: (labels = {}, by = 1) => counter.inc(labels, by), remove: (labels) => counter.remove(labels) }
}

function makeGauge(registry: Registry, spec: MetricSpec): GaugeMetric {
  const gauge = new Gauge({ ...baseOf(spec), registers: [registry] })
  return { set: (value, labels = {}) => gauge.set(labels, value), remove: (labels) => gauge.remove(labels) }
}

function makeHistogram(registry: Registry, spec: HistogramSpec): HistogramMetric {
  const histogram = new Histogram({ ...baseOf(spec), buckets: [...spec.buckets], registers: [registry] })
  return { observe: (value, labels = {}) => histogram.observe(labels, value) }
}

function baseOf(spec: MetricSpec): { name: string; help: string; labelNames: string[] } {
  return { name: spec.name, help: spec.help, labelNames: [...(spec.labels ?? [])] }
}
