import type { CheckedKeys, ComponentRepresentation, RealmAdmin, RealmRepresentation } from '@bulkhead/identity'
import type { SeenObject } from '../../kubernetes/wanted-object.ts'
import type { SeenKeys } from './external/keeper.ts'
import type { SeenFederation } from './federation/observe.ts'

export interface SeenAudience {
  readonly scope: 'absent' | 'drifted' | 'as-wanted'
  readonly scopeId: string | undefined
  readonly isDefault: boolean
}

export type SeenRealm =
  /** There is none to be: the tenant brings its own issuer. */
  | { readonly kind: 'external'; readonly keys: SeenKeys }
  /** No Keycloak has it, or room for it. */
  | { readonly kind: 'unplaced' }
  | { readonly kind: 'absent' }
  | { readonly kind: 'foreign' }
  /** Ours and disabled: nothing inside can be seen. */
  | { readonly kind: 'disabled' }
  /** Ours and enabled, and our account is not let in. */
  | { readonly kind: 'locked' }
  | {
      readonly kind: 'open'
      readonly realm: RealmRepresentation
      readonly audience: SeenAudience
      /** The first admin never came in: the password of the invitation still opens. */
      readonly isAdminAwaited: boolean
      /** Keys and registration policies. */
      readonly components: readonly ComponentRepresentation[]
      /** Aliases of our login flows that are not as we made them. */
      readonly driftedFlows: readonly string[]
      /** The client that nobody needs, where it is not shut. */
      readonly openUnusedClient: string | undefined
      readonly federation: SeenFederation
      /** When it was looked at. */
      readonly atSeconds: number
    }

export interface SeenIdentity {
  readonly secret: SeenObject
  readonly realm: SeenRealm
  /** What the realm publishes, when it is open. */
  readonly keys: SeenPublished | undefined
  /** Our way into the realm, when it is open. */
  readonly admin?: RealmAdmin | undefined
}

/** What came of fetching the realm's keys. */
export type SeenPublished = CheckedKeys | { readonly ok: 'unknown' }
