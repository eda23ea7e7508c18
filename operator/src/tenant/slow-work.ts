import type { TenantFacts } from '../facts.ts'

// Keycloak takes seconds to make or to remove a realm, and four at once are the most that it bears. When a thousand
// Tenants come or go at once, so many workers still stay with those that stand.
const keptForOthers = 2

/** How many workers of `all` may be with Tenants whose realm has to be made or removed. */
export function mostSlow(all: number): number {
  return Math.max(1, all - keptForOthers)
}

/** Whether a Tenant's realm has to be made or removed, as far as its status tells. */
export function isSlow({ metadata, status }: TenantFacts): boolean {
  return metadata.deletionTimestamp !== undefined || status?.identity?.jwks === undefined
}
