import { findCondition } from '@bulkhead/crds'
import type { Plan, Problem, Subscription, ToolSet } from '@bulkhead/crds'
import { canonicalHost, realmOf, realmSecretOf, subscriptionClientId } from '@bulkhead/tenancy'
import type { TenantFacts } from '../facts.ts'
import { ownerOf } from '../walls/owner.ts'
import type { Owner } from '../walls/owner.ts'

/** What stands around a subscription; all of it is of its own namespace. */
export interface Surroundings {
  /** The tenant that the namespace is named after. */
  readonly tenant: TenantFacts | undefined
  readonly toolSet: ToolSet | undefined
  readonly plan: Plan | undefined
  readonly nowMs: number
}

export type Verdict =
  | { readonly kind: 'accepted' }
  /** There is no access now, and a person has to change that. */
  | { readonly kind: 'refused'; readonly problem: Problem }

/** Where a subscription's client lives. */
export interface Home {
  readonly owner: Owner
  readonly realm: string
  readonly realmSecretName: string
}

/** What a subscription is to become. */
export interface Wanted extends Home {
  readonly subscription: { readonly uid: string; readonly name: string; readonly namespace: string }
  readonly clientId: string
  readonly application: Subscription['spec']['application']
  readonly isEnabled: boolean
  readonly roles: readonly string[]
  readonly secretName: string
  readonly tokenUrl: string
  readonly baseUrl: string | undefined
  readonly verdict: Verdict
}

/**
 * What it is to become, or undefined as long as its tenant has no realm to make a client in. The namespace is the
 * tenant's by the Tenant's own word, not by its name alone: a foreign `tenant-acme` is nobody's.
 */
export function wantSubscription(subscription: Subscription, around: Surroundings): Wanted | undefined {
  const { toolSet, plan } = around
  const { name, namespace, uid } = subscription.metadata
  const issuer = namespace === undefined ? undefined : issuerFor(namespace, around.tenant)
  const home = homeOf(around.tenant)
  if (home === undefined || issuer === undefined || namespace === undefined) return undefined
  const verdict = judgeClient(subscription) ?? judge(subscription, around)
  return {
    ...home,
    subscription: { uid, name, namespace },
    clientId: subscriptionClientId(uid),
    application: subscription.spec.application,
    isEnabled: verdict.kind === 'accepted',
    roles: plan?.spec.roles.toSorted() ?? [],
    secretName: subscription.spec.credentials.secretName,
    tokenUrl: `${issuer}/protocol/openid-connect/token`,
    baseUrl: toolSet === undefined ? undefined : baseUrlOf(toolSet),
    verdict,
  }
}

// A client is made for it alone: to name one would be to name another subscription's.
function judgeClient({ spec }: Subscription): Verdict | undefined {
  if (spec.credentials.clientID === undefined) return undefined
  const message = 'It is only for a tenant whose identity is External'
  return { kind: 'refused', problem: { reason: 'InvalidSpec', field: 'spec.credentials.clientID', message } }
}

/** What a Subscription is made from in its Tenant, as one text to compare: whatever else changes is nothing to it. */
export function tenantGives({ metadata, spec, status = {} }: TenantFacts): string {
  const { namespace, identity, conditions } = status
  const identityReady = findCondition(conditions, 'IdentityReady')?.status
  return JSON.stringify([metadata.deletionTimestamp, spec.suspended, namespace, identity?.issuer, identityReady])
}

export function toolSetGives({ spec }: ToolSet): string {
  return JSON.stringify([spec.hostname, spec.basePath])
}

export function planGives({ spec }: Plan): string {
  return JSON.stringify(spec.roles)
}

/** The tenant's issuer, where the namespace is the tenant's by its own word. */
export function issuerFor(namespace: string, tenant: TenantFacts | undefined): string | undefined {
  const status = tenant?.status
  return status?.namespace === namespace ? status.identity?.issuer : undefined
}

/** A tenant's realm and the key to it, by the Tenant's name and uid alone. */
export function homeOf(tenant: TenantFacts | undefined): Home | undefined {
  const owner = tenant === undefined ? undefined : ownerOf(tenant.metadata)
  return owner === undefined ? undefined : { owner, realm: realmOf(owner), realmSecretName: realmSecretOf(owner.id) }
}

/** Where a tool set is called. */
export function baseUrlOf({ spec }: ToolSet): string {
  const path = spec.basePath === '/' ? '' : spec.basePath
  return `https://${canonicalHost(spec.hostname) ?? spec.hostname}${path}`
}

/** Whether there is access now, as far as tool set, plan and time say. */
export function judge({ spec }: Subscription, { toolSet, plan, nowMs }: Surroundings): Verdict {
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
