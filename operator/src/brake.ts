/** How many deletions at once are believed. */
export interface BrakeTerms {
  /** Of all Tenants, between 0 and 1. */
  readonly share: number
  /** So many are believed in any fleet. */
  readonly minimum: number
  readonly windowMs: number
}

/** What is known of the deletions around one Tenant's. */
export interface Deletions {
  /** When Tenants were deleted, this one and those that are gone already among them. */
  readonly atMs: readonly number[]
  /** All Tenants, those that are gone within the window among them. */
  readonly total: number
}

/** Gives how many were deleted within one window of this deletion when that is too many to be meant; else undefined. */
export function judgeBrake(deletedAtMs: number, { atMs, total }: Deletions, terms: BrakeTerms): number | undefined {
  const together = atMs.filter((one) => Math.abs(one - deletedAtMs) <= terms.windowMs).length
  return together > Math.max(terms.minimum, Math.floor(total * terms.share)) ? together : undefined
}

/** Remembers, for one window, which Tenants went. */
export interface Departures {
  add(uid: string, deletedAtMs: number): void
  recent(nowMs: number): readonly number[]
}

export function createDepartures(windowMs: number): Departures {
  const gone = new Map<string, number>()
  return {
    add: (uid, deletedAtMs) => void gone.set(uid, deletedAtMs),
    recent: (nowMs) => {
      for (const [uid, atMs] of gone) if (nowMs - atMs > 2 * windowMs) gone.delete(uid)
      return [...gone.values()]
    },
  }
}
