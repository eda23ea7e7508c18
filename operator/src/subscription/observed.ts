import type { Secret } from '@bulkhead/runtime'
import type { ClientRepresentation } from '@bulkhead/identity'
import type { Mend } from '../kubernetes/wanted-object.ts'

/** What there is of a subscription in its realm. */
export type SeenClient =
  | { readonly kind: 'absent' }
  /** A client of that name that is not this subscription's. */
  | { readonly kind: 'foreign' }
  | {
      readonly kind: 'own'
      readonly client: ClientRepresentation
      readonly secret: Secret<string>
      readonly accountRoles: readonly string[]
      readonly scopeRoles: readonly string[]
    }

export type SeenSecret =
  | { readonly kind: 'absent' }
  | { readonly kind: 'foreign' }
  /** Ours, and it says exactly what it should. */
  | { readonly kind: 'as-wanted' }
  | { readonly kind: 'drifted'; readonly mend: Mend }

export interface Observed {
  /** The realm is shut (suspended, being restored) or not there yet. */
  readonly isRealmOpen: boolean
  readonly client: SeenClient
  readonly secret: SeenSecret
}
