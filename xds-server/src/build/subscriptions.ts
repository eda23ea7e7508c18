import type { LimitUnit, Plan, Problem, Subscription, ToolSet } from '@bulkhead/crds'
import { findCondition } from '@bulkhead/crds'
import { compareText } from '../model/compare-text.ts'
import type { PlanModel, SubscriptionModel } from '../model/model.ts'
import type { ClientOutcome } from './clients.ts'
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

export interface SubscriptionOutcome {
  /** What opens its tool set; or, with problems, what only cuts a client off. */
  readonly subscription: SubscriptionModel | undefined
  readonly problems: readonly Problem[]
}

export interface SubscriptionContext {
  readonly client: ClientOutcome
  readonly isExternal: boolean
  readonly toolSets: ReadonlyMap<string, ToolSet>
  readonly plans: ReadonlyMap<string, Plan>
}

/** A subscription that the operator accepted, or why it gives no access. */
export function subscriptionModel(
  subscription: Subscription,
  { client, isExternal, toolSets, plans }: SubscriptionContext,
): SubscriptionOutcome {
  const { metadata, spec } = subscription
  const toolSet = toolSets.get(spec.toolSetRef.name)
  const plan = plans.get(spec.planRef.name)
  const problems = [
    ...(client.kind === 'known' ? [] : [client.problem]),
    ...(toolSet === undefined ? [missing('ToolSet', spec.toolSetRef.name)] : []),
    ...(plan === undefined ? [missing('Plan', spec.planRef.name)] : []),
    ...ownProblems(subscription),
  ]
  if (client.kind !== 'known') return { subscription: undefined, problems }
  if (toolSet === undefined || plan === undefined || problems.length > 0) {
    return { subscription: isExternal ? cutOff(metadata, client.clientId) : undefined, problems }
  }
  return {
    problems,
    subscription: {
      ref: refOf('Subscription', metadata),
      clientId: client.clientId,
      toolSetUid: toolSet.metadata.uid,
      planUid: plan.metadata.uid,
      // Rounded down: access never outlives the moment that was written.
      expiresAtSeconds: spec.expiresAt === undefined ? undefined : Math.floor(Date.parse(spec.expiresAt) / 1000),
      isSuspended: spec.suspended,
    },
  }
}

// The policy knows a realm's clients by their names, and refuses those without a subscription. Another issuer's it cannot
// tell apart: one whose subscription is refused is named, or a tool set for every valid token would let it in.
function cutOff(metadata: Subscription['metadata'], clientId: string): SubscriptionModel {
  const none = { toolSetUid: '', planUid: '', expiresAtSeconds: undefined, isSuspended: true }
  return { ref: refOf('Subscription', metadata), clientId, ...none }
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
