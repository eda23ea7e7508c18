import type { SeenObject } from '../../kubernetes/wanted-object.ts'

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
      /** In the order of what is unwanted; left out where nobody looked. */
      readonly unwanted?: readonly SeenObject[]
      readonly invitation: SeenObject
    }
