import type { Tenant } from '@bulkhead/crds'
import { durationMs } from '@bulkhead/crds'
import { audienceOf, realmOf } from '@bulkhead/tenancy'
import type { TenantKey } from '@bulkhead/tenancy'
import type { IdentityModel } from '../model/model.ts'
import { isKeySet } from './key-set.ts'

// Clocks of the issuer and of OPA differ a little; a token that lives this much longer is still the issuer's own.
const lifetimeAllowanceSeconds = 60
const maxRealmLifetimeSeconds = 3600
const maxExternalLifetimeSeconds = 24 * 3600
// Keycloak's tokens always have it; a realm is asked for nothing else.
const realmClientClaims = ['azp']
const defaultClientClaims = ['azp', 'client_id']
const keycloakRoles = ['realm_access', 'roles']

/**
 * What tokens of this tenant look like, or undefined while its keys are not known. The operator's word counts, never the
 * spec alone: what it says has been granted, fetched and checked.
 */
export function identityOf(tenant: Tenant, key: TenantKey): IdentityModel | undefined {
  const { identity } = tenant.spec
  if (!isKeySet(tenant.status?.identity?.jwks ?? '')) return undefined
  if (identity.type === 'Realm') return ofRealm(tenant, key)
  return identity.external === undefined ? undefined : ofExternal(tenant, key, identity.external)
}

// Issuer and audience must be the ones that derive from this very incarnation: a status of another one is never believed.
function ofRealm({ spec, status }: Tenant, key: TenantKey): IdentityModel | undefined {
  const { issuer = '', audience = '', jwks = '' } = status?.identity ?? {}
  if (!issuer.endsWith(`/realms/${realmOf(key)}`) || audience !== audienceOf(key.id)) return undefined
  const lifetimeSeconds = secondsOf(spec.identity.realm.accessTokenLifetime)
  return {
    ...{ issuer, audiences: [audience], jwks, clientClaims: realmClientClaims, rolesPath: keycloakRoles },
    maxTokenLifetimeSeconds: Math.min(lifetimeSeconds, maxRealmLifetimeSeconds) + lifetimeAllowanceSeconds,
  }
}

type External = NonNullable<Tenant['spec']['identity']['external']>

// While the operator has not granted another issuer, the one that it granted goes on. That no two tenants have one
// issuer is proven before anything is published.
function ofExternal({ status = {} }: Tenant, key: TenantKey, external: External): IdentityModel | undefined {
  const { issuer = '', audiences = [], jwks = '', realm } = status.identity ?? {}
  if (status.id !== key.id || realm !== undefined) return undefined
  if (!issuer.startsWith('https://') || audiences.length === 0) return undefined
  const lifetimeSeconds = secondsOf(external.maxTokenLifetime)
  return {
    ...{ issuer, audiences: audiences.toSorted(), jwks },
    clientClaims: clientClaimsOf(external),
    rolesPath: rolesPathOf(external),
    maxTokenLifetimeSeconds: Math.min(lifetimeSeconds, maxExternalLifetimeSeconds) + lifetimeAllowanceSeconds,
  }
}

function clientClaimsOf({ clientClaim }: External): readonly string[] {
  return clientClaim === undefined ? defaultClientClaims : [clientClaim]
}

function rolesPathOf({ rolesClaim }: External): readonly string[] {
  return rolesClaim === undefined ? keycloakRoles : [rolesClaim]
}

function secondsOf(duration: string): number {
  return Math.ceil(durationMs(duration) / 1000)
}
