// operator: watches the API and makes tenants and subscriptions what they say. This file joins the rooms; main.ts
// makes what they need.
import { parserOf, subscription as subscriptionSchema, tenant as tenantSchema } from '@bulkhead/crds'
import type { Subscription, Tenant } from '@bulkhead/crds'
import { createKeyedQueue } from '@bulkhead/runtime'
import type { Change, KeyedQueue, KubeRef, ReconcileResult } from '@bulkhead/runtime'
import { tenantOfNamespace } from '@bulkhead/tenancy'
import { subscriptionKind, tenantKind } from './kubernetes/kinds.ts'
import type { OperatorMetrics } from './metrics.ts'
import type { Outcome } from './outcome.ts'
import { reconcileSubscription } from './subscription/reconcile.ts'
import type { Parts } from './tenant/parts.ts'
import { reconcileTenant } from './tenant/reconcile.ts'
import type { Look } from './tenant/reconcile.ts'
import { all, byNamespace, startWatches } from './watches.ts'
import type { WatchParts, Watches } from './watches.ts'

export interface OperatorOptions extends WatchParts {
  readonly parts: Parts
  readonly operatorMetrics: OperatorMetrics
  readonly concurrency: { readonly tenants: number; readonly subscriptions: number }
  readonly resyncMs: number
  /** Gives a number in [0, 1). */
  readonly random: () => number
}

export interface Operator {
  /** Undefined once every kind was listed; else what is missing. */
  problem(): string | undefined
  /** Resolves when everything has ended after the signal. */
  readonly stopped: Promise<void>
}

interface Running {
  readonly options: OperatorOptions
  readonly watches: Watches
  readonly tenants: KeyedQueue<string>
  readonly subscriptions: KeyedQueue<string>
  /** The last complete look at a tenant, by uid: good until its spec changes or a resync is due. */
  readonly looks: Map<string, Look>
}

/** Starts the operator; it runs until the signal is aborted. */
export function startOperator(options: OperatorOptions): Operator {
  const looks = new Map<string, Look>()
  const { clock, logger, metrics, concurrency } = options
  const tenants = createKeyedQueue<string>({
    ...{ name: 'tenants', clock, logger, metrics, concurrency: concurrency.tenants },
    groupOf: (name) => name,
    reconcile: (name, signal) => workTenant(running, name, signal),
  })
  const subscriptions = createKeyedQueue<string>({
    ...{ name: 'subscriptions', clock, logger, metrics, concurrency: concurrency.subscriptions },
    groupOf: (key) => namespaceIn(key),
    reconcile: (key, signal) => workSubscription(running, key, signal),
  })
  // Until everything was listed once nothing is done: a plan that was not listed yet is not a plan that is gone.
  const gate = { isOpen: false }
  const watches: Watches = startWatches(options, {
    onTenant: (change) => gate.isOpen && tenantChanged(running, change),
    onSubscription: ({ key }) => gate.isOpen && subscriptions.add(key),
    onToolSet: ({ object }) => gate.isOpen && referenceChanged(running, object.metadata.namespace),
    onPlan: ({ object }) => gate.isOpen && referenceChanged(running, object.metadata.namespace),
  })
  const running: Running = { options, watches, tenants, subscriptions, looks }
  const opened = Promise.all(all(watches).map((watch) => watch.synced)).then(() => {
    gate.isOpen = true
    for (const key of watches.tenants.store.keys()) tenants.add(key)
    for (const key of watches.subscriptions.store.keys()) subscriptions.add(key)
  })
  return {
    problem: () => (all(watches).every((watch) => watch.isSynced()) ? undefined : 'not every kind was listed yet'),
    stopped: stopAll(running, opened),
  }
}

async function stopAll({ options, watches, tenants, subscriptions }: Running, opened: Promise<void>): Promise<void> {
  await Promise.race([Promise.all(all(watches).map((watch) => watch.stopped)), never(opened)])
  if (!options.signal.aborted) options.logger.error({}, 'the watches ended by themselves')
  await Promise.all([tenants.stop(), subscriptions.stop()])
}

// `opened` never settles when the signal comes first; what it throws must not be lost.
function never(opened: Promise<void>): Promise<never> {
  return new Promise((_resolve, reject) => void opened.catch(reject))
}

function namespaceIn(key: string): string {
  return key.slice(0, key.indexOf('/'))
}

function tenantChanged({ tenants, subscriptions, watches, looks }: Running, change: Change<Tenant>): void {
  const { object } = change
  const old = change.type === 'modified' ? change.old : undefined
  if (change.type === 'deleted') looks.delete(object.metadata.uid)
  tenants.add(change.key)
  // What its subscriptions are made from; whatever else changes in a tenant is nothing to them.
  const relevant = (tenant: Tenant | undefined) => [
    tenant?.metadata.deletionTimestamp,
    tenant?.spec.suspended,
    tenant?.status?.identity?.issuer,
    tenant?.status?.conditions?.find((entry) => entry.type === 'IdentityReady')?.status,
  ]
  const namespace = object.status?.namespace
  const hasChanged = change.type !== 'modified' || String(relevant(old)) !== String(relevant(object))
  if (!hasChanged || namespace === undefined) return
  for (const { metadata } of watches.subscriptions.store.getByIndex(byNamespace, namespace)) {
    subscriptions.add(`${namespace}/${metadata.name}`)
  }
}

function referenceChanged({ subscriptions, watches }: Running, namespace = ''): void {
  for (const { metadata } of watches.subscriptions.store.getByIndex(byNamespace, namespace)) {
    subscriptions.add(`${namespace}/${metadata.name}`)
  }
}

async function workTenant(running: Running, name: string, signal: AbortSignal): Promise<ReconcileResult> {
  const { options, looks } = running
  // Read anew: the copy may lag behind our own last write.
  const tenant = await readAnew(running, { kind: tenantKind, name }, parserOf(tenantSchema), signal)
  if (tenant === undefined) return {}
  const { uid, generation } = tenant.metadata
  const look = looks.get(uid)
  const recent = look?.generation === generation && isFresh(look, options) ? look : undefined
  const reconciled = await reconcileTenant(options.parts, tenant, recent, signal)
  if (reconciled.look === undefined) looks.delete(uid)
  else looks.set(uid, reconciled.look)
  options.operatorMetrics.ended('Tenant', reconciled.outcome.kind)
  return requeue(reconciled.outcome, options)
}

function isFresh(look: Look, { clock, resyncMs }: OperatorOptions): boolean {
  // A resync comes jittered by a fifth: whatever is older than the earliest one is looked at again.
  return clock.now() - look.atMs < resyncMs * (1 - jitter)
}

async function workSubscription(running: Running, key: string, signal: AbortSignal): Promise<ReconcileResult> {
  const { options, watches } = running
  const namespace = namespaceIn(key)
  const ref = { kind: subscriptionKind, namespace, name: key.slice(namespace.length + 1) }
  const subscription = await readAnew(running, ref, parserOf(subscriptionSchema), signal)
  if (subscription === undefined) return {}
  const around = {
    tenant: tenantIn(watches, namespace),
    toolSet: watches.toolSets.store.get(`${namespace}/${subscription.spec.toolSetRef.name}`),
    plan: watches.plans.store.get(`${namespace}/${subscription.spec.planRef.name}`),
  }
  const outcome = await reconcileSubscription(options.parts, subscription, around, signal)
  options.operatorMetrics.ended('Subscription', outcome.kind)
  return requeue(outcome, options)
}

// By the Tenant's own word, not by the namespace's name alone: a foreign `tenant-acme` is nobody's.
function tenantIn(watches: Watches, namespace: string): Tenant | undefined {
  const name = tenantOfNamespace(namespace)
  const tenant = name === undefined ? undefined : watches.tenants.store.get(name)
  if (tenant?.status?.namespace !== namespace) return undefined
  const conditions = tenant.status.conditions ?? []
  return conditions.some((entry) => entry.type === 'NamespaceReady' && entry.reason === 'NameTaken')
    ? undefined
    : tenant
}

async function readAnew<T extends Tenant | Subscription>(
  { options }: Running,
  ref: KubeRef,
  parse: ReturnType<typeof parserOf<T>>,
  signal: AbortSignal,
): Promise<T | undefined> {
  const found = await options.kubernetes.find(ref, { signal })
  if (found === undefined) return undefined
  const parsed = parse(found)
  if (parsed.ok) return parsed.value
  // The watch has set it aside and said so; there is nothing that can be done with it until it is mended.
  return undefined
}

const jitter = 0.2

function requeue(outcome: Outcome, { resyncMs, random }: OperatorOptions): ReconcileResult {
  const resyncAfterMs = resyncMs * (1 - jitter + random() * 2 * jitter)
  switch (outcome.kind) {
    case 'gone':
      return {}
    case 'waiting':
      return { requeueAfterMs: Math.min(outcome.retryAfterMs, resyncAfterMs) }
    case 'ready':
    case 'stalled':
      return { requeueAfterMs: resyncAfterMs }
  }
}
