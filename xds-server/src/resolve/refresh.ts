export interface Refresh {
  /** Of the answer; undefined after a failure. */
  readonly ttlSeconds: number | undefined
  /** In a row. */
  readonly failures: number
  /** Gives a number in [0, 1). */
  readonly random: () => number
}

const floorMs = 5_000
const ceilingMs = 300_000
const firstRetryMs = 1_000
const lastRetryMs = 60_000

/**
 * How long to wait before a name is looked up again: its TTL within bounds, or a doubling back-off after a failure.
 * Up to a quarter is added, so that names that were asked for together do not stay together.
 */
export function refreshMs({ ttlSeconds, failures, random }: Refresh): number {
  const waitMs =
    ttlSeconds === undefined
      ? Math.min(lastRetryMs, firstRetryMs * 2 ** Math.max(0, failures - 1))
      : Math.min(ceilingMs, Math.max(floorMs, ttlSeconds * 1000))
  return Math.round(waitMs * (1 + random() / 4))
}
