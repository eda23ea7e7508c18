import type { LimitUnit, Plan, Problem, Subscription, ToolSet } from '@bulkhead/crds'
import { findCondition } from '@bulkhead/crds'
import { subscriptionClientId } from '@bulkhead/tenancy'
import { compareText } from '../model/compare-text.ts'
import type { PlanModel, SubscriptionModel } from '../model/model.ts'
import { refOf } from './order.ts'

const unitOrder: readonly LimitUnit[] = ['Second', 'Minute', 'Hour', 'Day', 'Month']

/** A plan with one limit a unit: where a unit stands twice, the smaller one holds. */
export function planModel(plan: Plan): PlanModel {
  const limits = unitOrder.flatMap((per) => {
    const requests = plan.spec.limits.filter((limit) => limit.per === per).map((limit) => limit.requests)
    return requests.length === 0 ? [] : [{ requests: Math.min(...requests), per }]
  })
  return { ref: refOf('Plan', plan.metadata), limits }
}

export type SubscriptionOutcome =
  | { readonly ok: true; readonly subscription: SubscriptionModel }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/** A subscription that the operator accepted, or why it gives no access. */
export function subscriptionModel(
  subscription: Subscription,
  toolSets: ReadonlyMap<string, ToolSet>,
  plans: ReadonlyMap<string, Plan>,
): SubscriptionOutcome {
  const { metadata, spec } = subscription
  const toolSet = toolSets.get(spec.toolSetRef.name)
  const plan = plans.get(spec.planRef.name)
  const problems = [
    ...(toolSet === undefined ? [missing('ToolSet', spec.toolSetRef.name)] : []),
    ...(plan === undefined ? [missing('Plan', spec.planRef.name)] : []),
    ...ownProblems(subscription),
  ]
  if (toolSet === undefined || plan === undefined || problems.length > 0) return { ok: false, problems }
  return {
    ok: true,
    subscription: {
      ref: refOf('Subscription', metadata),
      clientId: subscriptionClientId(metadata.uid),
      toolSetUid: toolSet.metadata.uid,
      planUid: plan.metadata.uid,
      // Rounded down: access never outlives the moment that was written.
      expiresAtSeconds: spec.expiresAt === undefined ? undefined : Math.floor(Date.parse(spec.expiresAt) / 1000),
      isSuspended: spec.suspended,
    },
  }
}

function missing(kind: 'ToolSet' | 'Plan', name: string): Problem {
  const message = `${kind} "${name}" does not exist in this namespace`
  return kind === 'ToolSet'
    ? { reason: 'ToolSetNotFound', field: 'spec.toolSetRef.name', message }
    : { reason: 'PlanNotFound', field: 'spec.planRef.name', message }
}

function ownProblems({ spec, status }: Subscription): readonly Problem[] {
  const problems: Problem[] = []
  if (spec.expiresAt !== undefined && Number.isNaN(Date.parse(spec.expiresAt))) {
    problems.push({ reason: 'InvalidSpec', field: 'spec.expiresAt', message: 'expiresAt is no RFC 3339 time' })
  }
  // At whatever generation: what was accepted, the tool set and the plan, cannot be edited. So an edit costs nobody the
  // access while the operator is away, and suspension and end, which can be edited, are read from the spec itself.
  if (findCondition(status?.conditions, 'Accepted')?.status !== 'True') {
    problems.push({ reason: 'Waiting', field: 'status', message: 'the subscription is not accepted' })
  }
  return problems
}

/** Sorts models by the uid of their object. */
export function byUid<T extends { readonly ref: { readonly uid: string } }>(models: readonly T[]): readonly T[] {
  return [...models].sort((left, right) => compareText(left.ref.uid, right.ref.uid))
}
