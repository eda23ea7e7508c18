// bundles: what OPA decides by, kept as data, and served to the OPAs of the fleet as bundles. This file is the shape
// of that data under the root `bulkhead`; `policy/authz.rego` is the only reader.

export type LimitUnit = 'SECOND' | 'MINUTE' | 'HOUR' | 'DAY' | 'YEAR'

/** A limit as Envoy's rate limit override spells it. */
export interface RateLimitData {
  readonly requests_per_unit: number
  readonly unit: LimitUnit
}

/** The windows of a plan, each with the one unit that the policy accepts for it. */
export interface WindowLimits {
  readonly second?: RateLimitData
  readonly minute?: RateLimitData
  readonly hour?: RateLimitData
  readonly day?: RateLimitData
  /** The calendar month is part of the counter's key, so the unit only has to outlive it: YEAR. */
  readonly month?: RateLimitData
}

export interface PlanData {
  readonly limits: WindowLimits
}

export interface SubscriptionData {
  readonly uid: string
  readonly name: string
  /** Uid of the one ToolSet that it opens. */
  readonly toolset: string
  /** Uid of its Plan. */
  readonly plan: string
  /** Seconds since the epoch. */
  readonly expiresAt: number | null
  readonly suspended: boolean
}

export interface PolicyRuleData {
  readonly roles: readonly string[]
  readonly methods: readonly string[]
}

export interface PolicyData {
  readonly rules: readonly PolicyRuleData[]
  /** A policy that could not be understood refuses its target. */
  readonly broken: boolean
}

export interface TenantData {
  readonly name: string
  readonly namespace: string
  readonly issuer: string
  /** A token must name one of them. */
  readonly audiences: readonly string[]
  readonly suspended: boolean
  readonly maxTokenLifetimeSeconds: number
  /** The client is named by the first of these claims that a token has. */
  readonly clientClaims: readonly string[]
  /** Where the roles are in a token, from its top. */
  readonly rolesPath: readonly string[]
  readonly ceiling: RateLimitData
  /** By client id. */
  readonly subscriptions: Readonly<Record<string, SubscriptionData>>
  /** By uid. */
  readonly plans: Readonly<Record<string, PlanData>>
  /** By uid of the ToolSet or Tool that it guards. */
  readonly policies: Readonly<Record<string, PolicyData>>
}

/** Everything under the root `bulkhead`. */
export interface BundleData {
  /** Tenant id by issuer. */
  readonly issuers: Readonly<Record<string, string>>
  readonly pool: RateLimitData
  /** By tenant id. */
  readonly tenants: Readonly<Record<string, TenantData>>
}

/** One edit. It carries one tenant, so its cost does not grow with the number of tenants. */
export type BundleOperation =
  | { readonly kind: 'upsertTenant'; readonly id: string; readonly tenant: TenantData }
  | { readonly kind: 'removeTenant'; readonly id: string }
  | { readonly kind: 'setPool'; readonly pool: RateLimitData }
