/** How long to wait between attempts: doubling from `baseMs`, never above `maxMs`. */
export interface Backoff {
  readonly baseMs: number
  readonly maxMs: number
  /** Gives a number in [0, 1). */
  readonly random: () => number
}

/** The wait before attempt `attempt` (0 is the first retry): exponential, capped, jittered over its upper half. */
export function backoffMs(attempt: number, { baseMs, maxMs, random }: Backoff): number {
  // 2 ** 1024 is Infinity, which the cap turns into maxMs: no overflow to guard against.
  const ceilingMs = Math.min(maxMs, baseMs * 2 ** Math.max(0, attempt))
  return Math.round(ceilingMs / 2 + (random() * ceilingMs) / 2)
}
