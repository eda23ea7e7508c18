import { tenantId } from '@bulkhead/tenancy'
import type { TenantId } from '@bulkhead/tenancy'

/** One Tenant object of a name: made again, it is another one. */
export interface Incarnation {
  readonly uid: string
  readonly id: TenantId
}

export function incarnationOf(uid: string): Incarnation {
  return { uid, id: tenantId(uid) }
}
