// How old keys may become that cannot be fetched again: the one rule for the keys of realms and of other issuers alike.

/** How long keys are believed, counted from the last time that their issuer showed them. */
export interface KeysLife {
  /** After this somebody has to be told. */
  readonly staleAfterMs: number
  /** After this they verify nothing any more. */
  readonly withdrawnAfterMs: number
}

export type Freshness = 'fresh' | 'stale' | 'withdrawn'

/** What keys that were last seen at `seenAtMs` are now. Failing to fetch them changes nothing by itself: time does. */
export function freshnessOf(seenAtMs: number, nowMs: number, { staleAfterMs, withdrawnAfterMs }: KeysLife): Freshness {
  const ageMs = nowMs - seenAtMs
  if (ageMs >= withdrawnAfterMs) return 'withdrawn'
  return ageMs >= staleAfterMs ? 'stale' : 'fresh'
}
