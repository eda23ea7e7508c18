import { namespaceOf, parseTenantName, tenantHost } from '@bulkhead/tenancy'

/** Where an organisation's objects and its APIs are; throws when no tenant can have that name. */
export function addressOf(name: string, baseDomain: string): { readonly namespace: string; readonly host: string } {
  const tenant = parseTenantName(name)
  if (tenant === undefined) throw new Error(`${JSON.stringify(name)} is no name of a tenant`)
  return { namespace: namespaceOf(tenant), host: tenantHost(tenant, baseDomain) }
}
