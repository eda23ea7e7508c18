// translate: what was understood of a tenant, and of the fleet, as Envoy's resources. One tenant in, its resources out;
// nothing of another tenant can be named here, because nothing of another tenant is given.
export type { FleetResources } from './fleet/fleet.ts'
export { translateFleet } from './fleet/fleet.ts'
export { translateMembers } from './fleet/members.ts'
export type { IdentityResources } from './identity/identity.ts'
export { translateIdentity } from './identity/identity.ts'
export type { FleetSettings, IdentitySettings, IdentityShard } from './settings.ts'
export type { TenantResources } from './tenant/tenant.ts'
export { translateTenant } from './tenant/tenant.ts'
