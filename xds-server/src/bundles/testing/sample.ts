import type { SubscriptionData, TenantData } from '../data.ts'

/** A tenant as the tests of this room need it. */
export function sampleTenant(name: string, edit: Partial<TenantData> = {}): TenantData {
  return {
    name,
    namespace: `tenant-${name}`,
    issuer: `https://id.test/realms/${name}`,
    audiences: [`urn:bulkhead:tenant:${name}`],
    suspended: false,
    maxTokenLifetimeSeconds: 3600,
    clientClaims: ['azp'],
    rolesPath: ['realm_access', 'roles'],
    ceiling: { requests_per_unit: 500, unit: 'SECOND' },
    subscriptions: {},
    plans: {},
    policies: {},
    ...edit,
  }
}

/** A live subscription of `toolset-1` with `plan-1`. */
export const sampleSubscription: SubscriptionData = {
  uid: 'subscription-1',
  name: 'app',
  toolset: 'toolset-1',
  plan: 'plan-1',
  expiresAt: null,
  suspended: false,
}
