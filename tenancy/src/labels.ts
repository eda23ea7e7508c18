import type { TenantKey } from './names.ts'

/** The API group of every kind of ours. */
export const apiGroup = 'bulkhead.dev'
/** The label that says who made an object. */
export const managedByLabel = 'app.kubernetes.io/managed-by'
export const tenantNameLabel = 'bulkhead.dev/tenant'
export const tenantUidLabel = 'bulkhead.dev/tenant-uid'
export const tenantIdLabel = 'bulkhead.dev/tenant-id'
/** On what is made for one subscription. */
export const subscriptionUidLabel = 'bulkhead.dev/subscription-uid'

/** The labels of everything that is made for a tenant: by the uid the owner is compared before each write. */
export function ownerLabels(tenant: TenantKey & { readonly uid: string }): Readonly<Record<string, string>> {
  return {
    [managedByLabel]: 'bulkhead',
    [tenantNameLabel]: tenant.name,
    [tenantUidLabel]: tenant.uid,
    [tenantIdLabel]: tenant.id,
  }
}
