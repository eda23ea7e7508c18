import type { Plan, Problem, Subscription, Tenant, ToolSet } from '@bulkhead/crds'
import {
  canonicalHost,
  parseTenantName,
  realmOf,
  realmSecretOf,
  subscriptionClientId,
  tenantId,
} from '@bulkhead/tenancy'
import type { TenantKey } from '@bulkhead/tenancy'

/** What stands around a subscription; all of it is of its own namespace. */
export interface Surroundings {
  /** The tenant whose namespace it is, by the Tenant's status and not by the name alone. */
  readonly tenant: Tenant | undefined
  readonly toolSet: ToolSet | undefined
  readonly plan: Plan | undefined
  readonly nowMs: number
}

export type Verdict =
  | { readonly kind: 'accepted' }
  /** There is no access now, and a person has to change that. */
  | { readonly kind: 'refused'; readonly problem: Problem }

/** What a subscription is to become. */
export interface Wanted {
  readonly owner: TenantKey & { readonly uid: string }
  readonly subscription: { readonly uid: string; readonly name: string; readonly namespace: string }
  readonly realm: string
  readonly realmSecretName: string
  readonly clientId: string
  readonly isEnabled: boolean
  readonly roles: readonly string[]
  readonly secretName: string
  readonly tokenUrl: string
  readonly baseUrl: string | undefined
  readonly verdict: Verdict
}

/** What it is to become, or undefined as long as its tenant has no realm to make a client in. */
export function wantSubscription(subscription: Subscription, around: Surroundings): Wanted | undefined {
  const { toolSet, plan } = around
  const { name, namespace, uid } = subscription.metadata
  const home = homeOf(around.tenant)
  if (home === undefined || namespace === undefined) return undefined
  const { owner, issuer } = home
  const verdict = judge(subscription, around)
  return {
    owner,
    subscription: { uid, name, namespace },
    realm: realmOf(owner),
    realmSecretName: realmSecretOf(owner.id),
    clientId: subscriptionClientId(uid),
    isEnabled: verdict.kind === 'accepted',
    roles: plan?.spec.roles.toSorted() ?? [],
    secretName: subscription.spec.credentials.secretName,
    tokenUrl: `${issuer}/protocol/openid-connect/token`,
    baseUrl: toolSet === undefined ? undefined : baseUrlOf(toolSet),
    verdict,
  }
}

function homeOf(tenant: Tenant | undefined): { readonly owner: Wanted['owner']; readonly issuer: string } | undefined {
  const issuer = tenant?.status?.identity?.issuer
  const name = parseTenantName(tenant?.metadata.name ?? '')
  if (tenant === undefined || issuer === undefined || name === undefined) return undefined
  const { uid } = tenant.metadata
  return { owner: { name, id: tenantId(uid), uid }, issuer }
}

function baseUrlOf({ spec }: ToolSet): string {
  const path = spec.basePath === '/' ? '' : spec.basePath
  return `https://${canonicalHost(spec.hostname) ?? spec.hostname}${path}`
}

function judge({ spec }: Subscription, { toolSet, plan, nowMs }: Surroundings): Verdict {
  const refuse = (reason: Problem['reason'], field: string, message: string): Verdict => ({
    kind: 'refused',
    problem: { reason, field, message },
  })
  if (spec.suspended) return refuse('Suspended', 'spec.suspended', 'The subscription is suspended')
  if (toolSet === undefined) {
    const message = `There is no ToolSet "${spec.toolSetRef.name}" in this namespace`
    return refuse('ToolSetNotFound', 'spec.toolSetRef.name', message)
  }
  if (plan === undefined) {
    return refuse('PlanNotFound', 'spec.planRef.name', `There is no Plan "${spec.planRef.name}" in this namespace`)
  }
  const expiresAtMs = expiryMs(spec.expiresAt)
  if (Number.isNaN(expiresAtMs)) return refuse('InvalidSpec', 'spec.expiresAt', `"${spec.expiresAt ?? ''}" is no time`)
  if (expiresAtMs <= nowMs)
    return refuse('Expired', 'spec.expiresAt', `The subscription ended at ${spec.expiresAt ?? ''}`)
  return { kind: 'accepted' }
}

/** When a subscription ends; never, when it does not say. */
export function expiryMs(expiresAt: string | undefined): number {
  return expiresAt === undefined ? Infinity : Date.parse(expiresAt)
}
