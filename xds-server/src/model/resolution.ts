import type { Endpoint } from './model.ts'

/** What became of a Service: its usable addresses, or why there are none. */
export type ServiceResolution =
  | { readonly kind: 'found'; readonly endpoints: readonly Endpoint[] }
  | { readonly kind: 'refused'; readonly reason: 'BackendNotAllowed' | 'BackendNotFound'; readonly message: string }
