/** What has to be believed before clients are deleted because no Subscription speaks for them. */
export interface Doubts {
  /**
   * Whether a list that names none of a tenant's Subscriptions may be believed by now. An empty list is also what a fault
   * looks like: it counts only when a look some time later finds it empty again.
   */
  believes(tenantUid: string, living: number, nowMs: number): boolean
  forget(tenantUid: string): void
}

/** Between the first empty list and one that counts. */
export const doubtMs = 300_000

export function createDoubts(): Doubts {
  const emptySinceMs = new Map<string, number>()
  return {
    believes: (tenantUid, living, nowMs) => {
      if (living > 0) {
        emptySinceMs.delete(tenantUid)
        return true
      }
      const sinceMs = emptySinceMs.get(tenantUid) ?? nowMs
      emptySinceMs.set(tenantUid, sinceMs)
      return nowMs - sinceMs >= doubtMs
    },
    forget: (tenantUid) => void emptySinceMs.delete(tenantUid),
  }
}
