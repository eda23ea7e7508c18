import type { Tenant } from '@bulkhead/crds'
import { durationMs } from '@bulkhead/crds'
import { audienceOf, realmOf } from '@bulkhead/tenancy'
import type { TenantKey } from '@bulkhead/tenancy'
import { z } from 'zod'
import type { IdentityModel } from '../model/model.ts'

// Clocks of the issuer and of OPA differ a little; a token that lives this much longer is still the realm's own.
const lifetimeAllowanceSeconds = 60
const maxLifetimeSeconds = 3600

const keySet = z.object({ keys: z.array(z.object({ kty: z.enum(['RSA', 'EC']), kid: z.string().min(1) })).min(1) })

/**
 * What tokens of this tenant look like, or undefined while its keys are not known. Issuer and audience must be the ones
 * that derive from this very incarnation: a status of another one is never believed.
 */
export function identityOf(tenant: Tenant, key: TenantKey): IdentityModel | undefined {
  const { issuer = '', audience = '', jwks = '' } = tenant.status?.identity ?? {}
  if (!issuer.endsWith(`/realms/${realmOf(key)}`) || audience !== audienceOf(key.id) || !isKeySet(jwks))
    return undefined
  const lifetimeSeconds = Math.ceil(durationMs(tenant.spec.identity.realm.accessTokenLifetime) / 1000)
  const maxTokenLifetimeSeconds = Math.min(lifetimeSeconds, maxLifetimeSeconds) + lifetimeAllowanceSeconds
  return { issuer, audience, jwks, maxTokenLifetimeSeconds }
}

// Envoy refuses an empty key set, and a key without `kid` would match any token.
function isKeySet(text: string): boolean {
  try {
    return keySet.safeParse(JSON.parse(text)).success
  } catch {
    return false // no JSON: the same as no keys
  }
}
