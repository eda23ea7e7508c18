import type { Fields } from '@bulkhead/identity'
import type { WantedObject } from '../kubernetes/wanted-object.ts'

/** Something to be done for a tenant; each can be done again without harm. */
export type Step =
  | { readonly wall: 'grants'; readonly kind: 'claim' }
  | { readonly wall: 'namespace'; readonly kind: 'create'; readonly object: WantedObject }
  | {
      readonly wall: 'namespace'
      readonly kind: 'replace'
      readonly object: WantedObject
      readonly resourceVersion: string
    }
  | { readonly wall: 'namespace'; readonly kind: 'delete'; readonly object: WantedObject; readonly uid: string }
  | { readonly wall: 'namespace'; readonly kind: 'store-invitation' }
  /** Stores the account's secret first, then makes the realm with it. */
  | { readonly wall: 'identity'; readonly kind: 'create-realm' }
  | { readonly wall: 'identity'; readonly kind: 'set-enabled'; readonly enabled: boolean }
  | { readonly wall: 'identity'; readonly kind: 'restore-account' }
  | { readonly wall: 'identity'; readonly kind: 'update-realm'; readonly fields: Fields }
  | { readonly wall: 'identity'; readonly kind: 'create-audience' }
  | { readonly wall: 'identity'; readonly kind: 'repair-audience'; readonly scopeId: string }
  | { readonly wall: 'identity'; readonly kind: 'default-audience'; readonly scopeId: string }
  /** Stores the role's password first, then makes or mends role and schema. */
  | { readonly wall: 'database'; readonly kind: 'prepare-database' }
  | { readonly wall: 'database'; readonly kind: 'set-login'; readonly canLogin: boolean }
