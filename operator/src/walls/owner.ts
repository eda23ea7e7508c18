// walls: the four walls of a tenant, a folder each. `wanted` says what a wall should be, `observe` what it is, `plan` what
// is to be done, `apply` does it, `judge` gives the verdict for its condition. `tenant/` joins them.
import { parseTenantName, tenantId } from '@bulkhead/tenancy'
import type { TenantKey } from '@bulkhead/tenancy'

/** Whose something is. */
export type Owner = TenantKey & { readonly uid: string }

/** Who a Tenant is, by its name and uid alone; undefined when its name is none. */
export function ownerOf({ name: text, uid }: { readonly name: string; readonly uid: string }): Owner | undefined {
  const name = parseTenantName(text)
  return name === undefined ? undefined : { name, id: tenantId(uid), uid }
}
