import type { LimitUnit } from '@bulkhead/crds'
import type { RateLimitData, TenantData, WindowLimits } from '../bundles/data.ts'
import type { PlanModel, TenantModel } from '../model/model.ts'

const windows = {
  Second: { name: 'second', unit: 'SECOND' },
  Minute: { name: 'minute', unit: 'MINUTE' },
  Hour: { name: 'hour', unit: 'HOUR' },
  Day: { name: 'day', unit: 'DAY' },
  // The month is part of the counter's key; the unit has to outlive it.
  Month: { name: 'month', unit: 'YEAR' },
} as const satisfies Record<LimitUnit, { readonly name: keyof WindowLimits; readonly unit: RateLimitData['unit'] }>

/** What OPA decides by for one tenant; undefined while nobody can be told apart there, or nothing is served. */
export function tenantData(model: TenantModel): TenantData | undefined {
  const { identity, name, namespace, isSuspended, limits } = model
  if (identity === undefined || model.hosts.length === 0) return undefined
  return {
    name,
    namespace,
    issuer: identity.issuer,
    audiences: identity.audiences,
    suspended: isSuspended,
    maxTokenLifetimeSeconds: identity.maxTokenLifetimeSeconds,
    clientClaims: identity.clientClaims,
    rolesPath: identity.rolesPath,
    ceiling: { requests_per_unit: limits.ceiling, unit: 'SECOND' },
    subscriptions: Object.fromEntries(
      model.subscriptions.map((subscription) => [
        subscription.clientId,
        {
          uid: subscription.ref.uid,
          name: subscription.ref.name,
          toolset: subscription.toolSetUid,
          plan: subscription.planUid,
          expiresAt: subscription.expiresAtSeconds ?? null,
          suspended: subscription.isSuspended,
        },
      ]),
    ),
    plans: Object.fromEntries(model.plans.map((plan) => [plan.ref.uid, { limits: windowLimits(plan) }])),
    policies: Object.fromEntries(
      model.policies.map(({ targetUid, rules, isBroken }) => [targetUid, { rules, broken: isBroken }]),
    ),
  }
}

function windowLimits({ limits }: PlanModel): WindowLimits {
  return Object.fromEntries(
    limits.map(({ per, requests }) => [windows[per].name, { requests_per_unit: requests, unit: windows[per].unit }]),
  )
}
