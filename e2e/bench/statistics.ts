/** Nearest-rank percentile of a list of figures; throws on an empty one. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  const value = sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)]
  if (value === undefined) throw new Error('Cannot take a percentile of nothing')
  return value
}

/** A line of the table: how often, the middle, the tail, and the ratio of the middle to the baseline's. */
export interface Measured {
  readonly name: string
  readonly samplesMs: readonly number[]
}

/** The figures as a table; ratios are against the first line. */
export function table(rows: readonly Measured[]): string {
  const base = rows[0] === undefined ? 1 : percentile(rows[0].samplesMs, 0.5)
  const head = ['what', 'n', 'p50 ms', 'p99 ms', 'max ms', 'ratio'].map((text, index) =>
    index === 0 ? text.padEnd(46) : text.padStart(9),
  )
  const lines = rows.map(({ name, samplesMs }) => {
    const [middle, tail, most] = [percentile(samplesMs, 0.5), percentile(samplesMs, 0.99), Math.max(...samplesMs)]
    const figures = [
      String(samplesMs.length),
      middle.toFixed(1),
      tail.toFixed(1),
      most.toFixed(1),
      (middle / base).toFixed(1),
    ]
    return [name.padEnd(46), ...figures.map((text) => text.padStart(9))].join(' ')
  })
  return [head.join(' '), ...lines].join('\n')
}
