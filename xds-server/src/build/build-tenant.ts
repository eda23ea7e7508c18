// build: one tenant's objects become its model. Pure, and total: whatever a person wrote, the model can be served, and
// what could not be understood is a finding on the object that holds it. Nothing of another tenant ever comes in.
import type { Problem, Tenant } from '@bulkhead/crds'
import { canonicalHost, namespaceOf, parseTenantName, tenantId } from '@bulkhead/tenancy'
import type { Host, TenantKey } from '@bulkhead/tenancy'
import { compareText } from '../model/compare-text.ts'
import type { Built, Finding, ObjectRef } from '../model/model.ts'
import { clientsOf } from './clients.ts'
import { identityOf } from './identity.ts'
import type { BuildSettings, InvalidObject, TenantInput } from './input.ts'
import { byName, compareAge, liveObjects, refOf } from './order.ts'
import { applyPolicies } from './policies.ts'
import { publishRoutes } from './routes.ts'
import type { Publisher } from './routes.ts'
import { byUid, planModel, subscriptionModel } from './subscriptions.ts'
import type { SubscriptionContext, SubscriptionOutcome } from './subscriptions.ts'
import { understandInvalidTool, understandTool } from './tools/tool.ts'
import type { UnderstoodTool } from './tools/tool.ts'
import { besideUnreadable, invalidOf, refusingToolSets, unreadable } from './unreadable.ts'

/** The model of one tenant and what was found on each of its objects; throws only on a Tenant name that cannot be. */
export function buildTenant(input: TenantInput, settings: BuildSettings): Built {
  const key = keyOf(input.tenant)
  const objects = liveInput(input, namespaceOf(key.name))
  const hosts = grantedHosts(input.tenant)
  const tools = understandTools(objects, input, settings)
  const published = publishRoutes(publishersOf(objects), tools, new Set(hosts))
  const toolSets = byName(objects.toolSets)
  const plans = byName(objects.plans)
  const policies = applyPolicies(objects.accessPolicies, invalidOf(objects.invalid, 'AccessPolicy'), {
    uidOf: ({ kind, name }) => (kind === 'Tool' ? tools.get(name)?.ref.uid : toolSets.get(name)?.metadata.uid),
    toolSetUids: objects.toolSets.map(({ metadata }) => metadata.uid),
  })
  const outcomes = understandSubscriptions(objects.subscriptions, input.tenant, { toolSets, plans })
  const subscriptions = outcomes.flatMap(({ outcome }) => outcome.subscription ?? [])
  const usedPlans = new Set(subscriptions.map(({ planUid }) => planUid))
  const problemsOf = (uid: string): readonly Problem[] => [
    ...(published.problems.get(uid) ?? []),
    ...(policies.problems.get(uid) ?? []),
  ]
  const findings: readonly Finding[] = [
    {
      ref: refOf('Tenant', input.tenant.metadata),
      problems: input.resolutions.certificateProblems ?? [],
      isReferenced: hosts.length > 0,
    },
    ...[...tools.values()].map(({ ref, problems }) => ({
      ref,
      problems: [...problems, ...problemsOf(ref.uid)],
      isReferenced: published.referencedTools.has(ref.uid),
    })),
    ...objects.toolSets.map((toolSet) => findingOf('ToolSet', toolSet, problemsOf)),
    ...objects.plans.map((plan) => ({
      ref: refOf('Plan', plan.metadata),
      problems: [],
      isReferenced: usedPlans.has(plan.metadata.uid),
    })),
    ...objects.accessPolicies.map((policy) => findingOf('AccessPolicy', policy, problemsOf)),
    ...outcomes.map(({ ref, outcome }) => ({ ref, problems: outcome.problems, isReferenced: true })),
    ...objects.invalid.filter(({ kind }) => kind !== 'Tool').map(invalidFinding),
  ]
  return {
    model: {
      ref: refOf('Tenant', input.tenant.metadata),
      ...key,
      namespace: namespaceOf(key.name),
      hosts,
      isSuspended: input.tenant.spec.suspended,
      identity: identityOf(input.tenant, key),
      limits: limitsOf(input.tenant, settings),
      routes: besideUnreadable(published, objects.invalid),
      plans: byUid(objects.plans.map(planModel)),
      subscriptions: byUid(subscriptions),
      policies: policies.policies,
    },
    findings: [...findings].sort(compareFindings),
  }
}

type Objects = Omit<TenantInput, 'tenant' | 'resolutions'>

function keyOf({ metadata }: Tenant): TenantKey {
  const name = parseTenantName(metadata.name)
  if (name === undefined) throw new Error(`Cannot build Tenant "${metadata.name}": this is no tenant name`)
  return { name, id: tenantId(metadata.uid) }
}

// The namespace counts only once the operator says that it made it for this very incarnation; a namespace that merely
// bears the name may be anybody's.
function liveInput(input: TenantInput, namespace: string): Objects {
  const { status, metadata } = input.tenant
  const isOurs = status?.namespace === namespace && status.id === tenantId(metadata.uid)
  const live = <T extends TenantInput['invalid'][number] | TenantInput['tools'][number]>(list: readonly T[]) =>
    isOurs ? liveObjects(list, namespace) : []
  return {
    tools: live(input.tools),
    toolSets: isOurs ? liveObjects(input.toolSets, namespace) : [],
    plans: isOurs ? liveObjects(input.plans, namespace) : [],
    subscriptions: isOurs ? liveObjects(input.subscriptions, namespace) : [],
    accessPolicies: isOurs ? liveObjects(input.accessPolicies, namespace) : [],
    invalid: live(input.invalid),
  }
}

function understandTools(
  objects: Objects,
  { tenant, resolutions }: TenantInput,
  settings: BuildSettings,
): ReadonlyMap<string, UnderstoodTool> {
  const namespace = tenant.status?.namespace ?? ''
  const understood = [
    ...objects.tools.map((tool) => understandTool(tool, { namespace, resolutions, settings })),
    ...invalidOf(objects.invalid, 'Tool').map(understandInvalidTool),
  ]
  return byName(understood)
}

function understandSubscriptions(
  subscriptions: Objects['subscriptions'],
  { spec }: Tenant,
  context: Pick<SubscriptionContext, 'toolSets' | 'plans'>,
): readonly { readonly ref: ObjectRef; readonly outcome: SubscriptionOutcome }[] {
  const { type } = spec.identity
  const clients = clientsOf(type, subscriptions)
  return subscriptions.flatMap((subscription) => {
    const client = clients.get(subscription.metadata.uid)
    if (client === undefined) return []
    const outcome = subscriptionModel(subscription, { ...context, client, isExternal: type === 'External' })
    return [{ ref: refOf('Subscription', subscription.metadata), outcome }]
  })
}

// A tenant that is being deleted keeps its hosts until the operator takes the grants back: traffic goes when the
// operator confirms it, not when somebody asks for it.
function grantedHosts({ status }: Tenant): readonly Host[] {
  const hosts = (status?.granted?.hostnames ?? []).map(canonicalHost).filter((host) => host !== undefined)
  return [...new Set(hosts)].sort(compareText)
}

function limitsOf({ spec, status }: Tenant, { defaultRequestsPerSecond }: BuildSettings) {
  const wanted = spec.limits.requestsPerSecond ?? defaultRequestsPerSecond
  const guaranteed = status?.granted?.guaranteed ?? 0
  return { guaranteed, ceiling: Math.max(wanted.ceiling, guaranteed) }
}

function publishersOf({ toolSets, invalid }: Objects): readonly Publisher[] {
  return [...toolSets, ...refusingToolSets(invalid)].sort((left, right) => compareAge(left.metadata, right.metadata))
}

function invalidFinding(object: InvalidObject): Finding {
  return { ref: refOf(object.kind, object.metadata), problems: [unreadable(object)], isReferenced: true }
}

function findingOf(
  kind: ObjectRef['kind'],
  { metadata }: { readonly metadata: Tenant['metadata'] },
  problemsOf: (uid: string) => readonly Problem[],
): Finding {
  return { ref: refOf(kind, metadata), problems: problemsOf(metadata.uid), isReferenced: true }
}

function compareFindings(left: Finding, right: Finding): number {
  return compareText(left.ref.kind, right.ref.kind) || compareText(left.ref.uid, right.ref.uid)
}
