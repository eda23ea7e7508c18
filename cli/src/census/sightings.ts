// census: looks at every place where a tenant can have something, and judges what was seen. `look` and `look-for-orphans`
// do the looking; everything else is a value in, a value out.
import type { RegistryTraces, RetainedRecord, ServerTraces } from '@bulkhead/database'
import type { TenantId, TenantName } from '@bulkhead/tenancy'
import type { Sight } from './sight.ts'

/** Which incarnation of which tenant is looked for: every name derives from these two. */
export interface Subject {
  readonly name: TenantName
  readonly id: TenantId
}

/** What stands under a tenant's name in Kubernetes. */
export type SeenHere =
  | { readonly kind: 'absent' }
  /** Of another incarnation, or nobody's that we know. */
  | { readonly kind: 'other'; readonly whose: string }

export type SeenTenant =
  SeenHere | { readonly kind: 'own'; readonly uid: string; readonly isDeleted: boolean; readonly words: string }

export type SeenNamespace =
  SeenHere | { readonly kind: 'own'; readonly uid: string; readonly isDeleted: boolean; readonly contents: string }

export type SeenRealm = 'absent' | 'foreign' | 'enabled' | 'disabled'

/** All places, as they were seen. */
export interface Sightings {
  readonly tenant: Sight<SeenTenant>
  readonly namespace: Sight<SeenNamespace>
  /** The Secrets of the system namespace, by name; whether it is there and the tenant's. */
  readonly secrets: ReadonlyMap<string, Sight<'absent' | 'foreign' | 'own'>>
  readonly realm: Sight<SeenRealm>
  /** By the name of the server. */
  readonly servers: ReadonlyMap<string, Sight<ServerTraces>>
  readonly registry: Sight<RegistryTraces>
  /** The line that says what was kept on purpose. */
  readonly record: Sight<RetainedRecord | undefined>
}
