import { apiGroup } from '@bulkhead/tenancy'
import { z } from 'zod'
import { accessPolicySpec } from './access-policy.ts'
import { conditions, observedGeneration } from './condition.ts'
import { metadata } from './metadata.ts'
import { planSpec } from './plan-spec.ts'
import { subscriptionSpec, subscriptionStatus } from './subscription.ts'
import { tenantSpec, tenantStatus } from './tenant.ts'
import { toolSetSpec } from './tool-set.ts'
import { toolSpec } from './tool.ts'

export const apiVersion = 'v1alpha1'

/** The status of a kind that has conditions and nothing else. */
export const plainStatus = z.object({
  observedGeneration: observedGeneration.optional(),
  conditions: conditions.optional(),
})

const object = <S extends z.ZodType, T extends z.ZodType>(spec: S, status: T) =>
  z.object({ metadata, spec, status: status.optional() })

export const tenant = object(tenantSpec, tenantStatus)
export const tool = object(toolSpec, plainStatus)
export const toolSet = object(toolSetSpec, plainStatus)
export const plan = object(planSpec, plainStatus)
export const subscription = object(subscriptionSpec, subscriptionStatus)
export const accessPolicy = object(accessPolicySpec, plainStatus)

export type Tenant = z.infer<typeof tenant>
export type Tool = z.infer<typeof tool>
export type ToolSet = z.infer<typeof toolSet>
export type Plan = z.infer<typeof plan>
export type Subscription = z.infer<typeof subscription>
export type AccessPolicy = z.infer<typeof accessPolicy>

/** How a kind is addressed in the Kubernetes API. */
export interface KindInfo {
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly kind: string
  readonly namespaced: boolean
}

const info = (kind: string, plural: string, namespaced: boolean): KindInfo => ({
  group: apiGroup,
  version: apiVersion,
  plural,
  kind,
  namespaced,
})

export const kinds = {
  tenant: info('Tenant', 'tenants', false),
  tool: info('Tool', 'tools', true),
  toolSet: info('ToolSet', 'toolsets', true),
  plan: info('Plan', 'plans', true),
  subscription: info('Subscription', 'subscriptions', true),
  accessPolicy: info('AccessPolicy', 'accesspolicies', true),
} as const

/** The result of reading an object that came from outside. */
export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string }

/** A reader of one kind, for the door: what it lets in needs no further check of its shape. */
export function parserOf<T>(schema: z.ZodType<T>): (raw: unknown) => Parsed<T> {
  return (raw) => {
    const result = schema.safeParse(raw)
    if (result.success) return { ok: true, value: result.data }
    const problems = result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
    return { ok: false, problem: problems.join('; ').slice(0, 2000) }
  }
}
