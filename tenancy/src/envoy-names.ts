import type { TenantId } from './names.ts'

/** The one RouteConfiguration of a tenant. */
export function routesName(id: TenantId): string {
  return `${id}/routes`
}

/** A cluster of a tenant, named by its backend's identity (a digest: never a user's string). */
export function clusterName(id: TenantId, backendDigest: string): string {
  return `${id}/cluster/${backendDigest}`
}

/** A route of a tenant, named by the uids of the ToolSet and Tool behind it. */
export function routeName(id: TenantId, toolSetUid: string, toolUid: string): string {
  return `${id}/route/${toolSetUid}/${toolUid}`
}

/** The group of Envoy resources that belongs to a tenant. */
export function groupOf(id: TenantId): string {
  return id
}
