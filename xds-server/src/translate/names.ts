/** The HTTP filters in the order in which a request meets them. Tenants fill slots by these names. */
export const filterNames = [
  'preauth-limit',
  'cors',
  'tenant-auth',
  'tenant-guarantee',
  'tenant-cap',
  'fleet-limit',
  'mcp',
  'ext-authz',
  'ratelimit',
  'ratelimit-pool',
  'header-mutation',
  'tenant-ext',
  'router',
] as const

export type FilterName = (typeof filterNames)[number]

/** The one filter inside `tenant-auth`: a tenant's own replaces the default by having the same name. */
export const tenantJwt = 'tenant-jwt'

/** Clusters of Envoy's bootstrap. No resource of a tenant may name one. */
export const platformClusters = { xds: 'xds', policy: 'opa', rateLimit: 'ratelimit', members: 'fleet' } as const

/** The one listener of a fleet, and the group that the fleet's own resources form. */
export const listenerName = 'edge'
export const fleetGroup = 'fleet'

/** The group of one identity shard and the names in it. No tenant's id holds a slash, so no tenant's names begin so. */
export const identityNames = (shard: string) => {
  const group = `platform/identity/${shard}`
  return { group, routes: `${group}/routes`, cluster: `${group}/cluster` } as const
}

/** Whether a group holds what is the platform's own. */
export function isPlatformGroup(group: string): boolean {
  return group === fleetGroup || group.startsWith('platform/')
}

/** The domain of our descriptors in the rate limit service. */
export const rateLimitDomain = 'bulkhead'

/** Where Envoy keeps what each filter found out; the names are fixed by Envoy. */
export const metadataNamespaces = {
  jwt: 'envoy.filters.http.jwt_authn',
  policy: 'envoy.filters.http.ext_authz',
} as const

/** The key of the token's payload, as policy reads it. */
export const payloadKey = 'payload'

/** Where routes carry what the access log says of them. */
export const routeMetadata = 'bulkhead'

/** A stage that no route's limits use: without it a local filter would count those of stage 0 too. */
export const localStage = 10
