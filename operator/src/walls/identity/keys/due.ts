import type { SeenIdentity } from '../observed.ts'
import type { WantedIdentity } from '../wanted.ts'
import { signingKeysIn } from './components.ts'
import type { SeenSigningKeys } from './components.ts'
import { planRotation } from './rotation.ts'
import type { RotationTerms } from './rotation.ts'

// What can be done now, and was not, waits for the Tenant's status or for another round.
const soonSeconds = 5

/** When a realm's keys need another look, in seconds; undefined when nothing of them is known. */
export function keysDueAt({ rotation }: WantedIdentity, { realm, keys }: SeenIdentity): number | undefined {
  // A rotation that nobody can follow is none.
  if (realm.kind !== 'open' || keys?.ok !== true) return undefined
  return rotationDueAt(signingKeysIn(realm.components), { ...rotation, now: realm.atSeconds, isToldOfAll: true })
}

/** The next time at which a rotation goes on, if the Tenant's status has what the realm publishes by then. */
export function rotationDueAt(keys: SeenSigningKeys, terms: RotationTerms): number {
  if (planRotation(keys, terms).length > 0) return terms.now + soonSeconds
  const times = keys.own.flatMap(({ createdAt, confirmedAt, keepUntil, isEnabled }) => {
    if (keepUntil !== undefined) return [keepUntil]
    // Only a key that does not sign yet waits for the overlap, and only one that signs for its successor.
    return isEnabled ? [createdAt + terms.rotateAfter, (confirmedAt ?? terms.now) + terms.overlap] : []
  })
  const later = times.filter((time) => time > terms.now)
  return later.length === 0 ? terms.now + terms.rotateAfter : Math.min(...later)
}
