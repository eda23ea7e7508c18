/** How many of the connected Envoys have a tenant's publication, and when that was written. */
export interface Counts {
  readonly programmed: number
  readonly total: number
  readonly atMs: number
}

const countsEveryMs = 30_000

/**
 * In how many milliseconds the counts must be written: 0 is now, undefined is never, for they say so already. At most
 * once in 30 s, so that a fleet that scales does not rewrite every Tenant at every step.
 */
export function countsDueInMs(shown: Counts | undefined, now: Counts): number | undefined {
  if (shown === undefined) return 0
  if (shown.programmed === now.programmed && shown.total === now.total) return undefined
  return Math.max(0, shown.atMs + countsEveryMs - now.atMs)
}

/** The counts as a status holds them; when they were written is unknown, so they may be written at once. */
export function shownCounts(
  dataPlane: { readonly programmed?: number | undefined; readonly total?: number | undefined } | undefined,
): Counts | undefined {
  if (dataPlane?.programmed === undefined || dataPlane.total === undefined) return undefined
  return { programmed: dataPlane.programmed, total: dataPlane.total, atMs: -Infinity }
}
