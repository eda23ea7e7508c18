import type { Problem, Reason } from '@bulkhead/crds'

/** How a reconcile ends; or it throws a fault, which is tried again with back-off. */
export type Outcome =
  | { readonly kind: 'ready' }
  | { readonly kind: 'waiting'; readonly reason: Reason; readonly retryAfterMs: number }
  /** A person must act. */
  | { readonly kind: 'stalled'; readonly problems: readonly Problem[] }
  /** A finalizer was removed: there is nothing to come back to. */
  | { readonly kind: 'gone' }
