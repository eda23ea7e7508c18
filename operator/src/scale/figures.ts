import { readFile } from 'node:fs/promises'

/** A page of Prometheus, read. */
export interface Page {
  /** The sum over all label sets that hold this text. */
  sum(metric: string, labels?: string): number
  /** A percentile of a histogram, no finer than its buckets: the upper bound of the one in which it lies. */
  quantile(histogram: string, share: number, labels?: string): number
}

interface Sample {
  readonly metric: string
  readonly labels: string
  readonly value: number
}

/** Reads the text that a process shows at `/metrics`. */
export function readPage(text: string): Page {
  const samples = text.split('\n').flatMap((line): readonly Sample[] => {
    const parsed = /^([a-z0-9_]+)(\{.*\})? (\S+)$/i.exec(line)
    if (parsed === null) return []
    const [, metric = '', labels = '', value = ''] = parsed
    return [{ metric, labels, value: Number(value) }]
  })
  const chosen = (metric: string, labels: string) =>
    samples.filter((sample) => sample.metric === metric && sample.labels.includes(labels))
  return {
    sum: (metric, labels = '') => chosen(metric, labels).reduce((sum, { value }) => sum + value, 0),
    quantile: (histogram, share, labels = '') => {
      const buckets = new Map<number, number>()
      for (const { labels: text, value } of chosen(`${histogram}_bucket`, labels)) {
        const bound = /le="([^"]+)"/.exec(text)?.[1]
        const upTo = bound === '+Inf' ? Infinity : Number(bound)
        buckets.set(upTo, (buckets.get(upTo) ?? 0) + value)
      }
      const sorted = [...buckets].toSorted(([a], [b]) => a - b)
      const all = sorted.at(-1)?.[1] ?? 0
      return sorted.find(([, count]) => count >= all * share)?.[0] ?? 0
    },
  }
}

/** Nearest-rank percentile of a list of figures; NaN of an empty one. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN
}

/** The most memory that a process ever held, in MiB. */
export async function peakMiB(pid: number): Promise<number> {
  return (await statusField(pid, 'VmHWM')) / 1024
}

async function statusField(pid: number, name: string): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? NaN)
}
