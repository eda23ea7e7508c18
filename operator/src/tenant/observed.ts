import type { CheckedKeys, RealmRepresentation } from '@bulkhead/identity'
import type { SeenObject } from '../kubernetes/wanted-object.ts'
import type { Judgement, SeenDatabase } from '@bulkhead/database'

/** What one wall looks like, or why nobody could look. */
export type Seen<T> =
  { readonly kind: 'seen'; readonly value: T } | { readonly kind: 'unavailable'; readonly error: unknown }

export type SeenNamespace =
  | { readonly kind: 'absent' }
  | { readonly kind: 'foreign' }
  | { readonly kind: 'terminating'; readonly isOwn: boolean }
  | {
      readonly kind: 'own'
      readonly namespace: SeenObject
      readonly binding: SeenObject
      /** In the order of the wanted objects; empty until the binding lets us look. */
      readonly objects: readonly SeenObject[]
      readonly invitation: SeenObject
    }

export interface SeenAudience {
  readonly scope: 'absent' | 'drifted' | 'as-wanted'
  readonly scopeId: string | undefined
  readonly isDefault: boolean
}

export type SeenRealm =
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
    }

export interface SeenIdentity {
  readonly secret: SeenObject
  readonly realm: SeenRealm
  /** What the realm publishes, when it is open. */
  readonly keys: CheckedKeys | undefined
}

export interface Observed {
  readonly grants: Seen<Judgement>
  readonly namespace: Seen<SeenNamespace>
  readonly identity: Seen<SeenIdentity>
  readonly database: Seen<SeenDatabase & { readonly secret: SeenObject }>
}

export type WallName = keyof Observed

export const wallNames: readonly WallName[] = ['grants', 'namespace', 'identity', 'database']
