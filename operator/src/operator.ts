// operator: watches the API and makes tenants and subscriptions what they say. This file joins the rooms; main.ts
// makes what they need.
import { LostLeadership, createKeyedQueue } from '@bulkhead/runtime'
import type { Change, KeyedQueue, ReconcileResult } from '@bulkhead/runtime'
import { namespaceOf, tenantOfNamespace } from '@bulkhead/tenancy'
import { createDepartures, judgeBrake } from './brake.ts'
import type { BrakeTerms, Departures } from './brake.ts'
import { readSubscription, readTenant } from './facts.ts'
import type { ReadTenant, SubscriptionFacts, TenantFacts } from './facts.ts'
import { subscriptionKind, tenantKind } from './kubernetes/kinds.ts'
import type { OperatorMetrics } from './metrics.ts'
import type { Outcome } from './outcome.ts'
import { isClientTaken, rivalsOf } from './subscription/external/rivals.ts'
import { createDoubts } from './subscription/doubt.ts'
import type { Doubts } from './subscription/doubt.ts'
import { deleteOrphans } from './subscription/orphans.ts'
import { leaveRealm, reconcileSubscription } from './subscription/reconcile.ts'
import type { SubscriptionLook } from './subscription/reconcile.ts'
import { planGives, tenantGives, toolSetGives } from './subscription/wanted.ts'
import type { Parts } from './parts.ts'
import { createAmiss } from './tenant/amiss.ts'
import type { Amiss } from './tenant/amiss.ts'
import { holdDeletion, isAllowed } from './tenant/hold.ts'
import { reconcileTenant } from './tenant/reconcile.ts'
import { keepSchemas } from './tenant/schemas.ts'
import { isSlow, mostSlow } from './tenant/slow-work.ts'
import { isWaitingForOthers, setsFree } from './tenant/waiting.ts'
import type { Look } from './tenant/look.ts'
import type { Reconciled } from './tenant/reconcile.ts'
import { ownerOf } from './walls/owner.ts'
import { startStandby } from './standby.ts'
import type { Standby } from './standby.ts'
import { all, byNamespace, byPlan, byToolSet, neighbours } from './watches.ts'
import type { WatchParts, Watches } from './watches.ts'

export interface OperatorOptions extends WatchParts {
  readonly parts: Parts
  readonly operatorMetrics: OperatorMetrics
  readonly concurrency: { readonly tenants: number; readonly subscriptions: number }
  readonly resyncMs: number
  readonly brake: BrakeTerms
  /** Copies that are kept already; left out, the operator keeps its own. */
  readonly standby?: Standby | undefined
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
  /** Uids of Tenants whose last look, also one that is just being taken, is good no more. */
  readonly stirred: Set<string>
  /** Likewise at a Subscription, by uid. */
  readonly subscriptionLooks: Map<string, SubscriptionLook>
  readonly departures: Departures
  readonly doubts: Doubts
  readonly amiss: Amiss
  /** Uids of Tenants whose deletion is held back. */
  readonly held: Set<string>
}

/** Starts the operator; it runs until the signal is aborted. */
export function startOperator(options: OperatorOptions): Operator {
  const [looks, subscriptionLooks] = [new Map<string, Look>(), new Map<string, SubscriptionLook>()]
  const { clock, logger, metrics, concurrency } = options
  const tenants = createKeyedQueue<string>({
    ...{ name: 'tenants', clock, logger, metrics, concurrency: concurrency.tenants },
    groupOf: (name) => name,
    slow: { isSlow: (name) => isSlowTenant(running, name), most: mostSlow(concurrency.tenants) },
    reconcile: (name, signal) => workTenant(running, name, signal),
  })
  const subscriptions = createKeyedQueue<string>({
    ...{ name: 'subscriptions', clock, logger, metrics, concurrency: concurrency.subscriptions },
    groupOf: (key) => namespaceIn(key),
    reconcile: (key, signal) => workSubscription(running, key, signal),
  })
  // Until everything was listed once nothing is done: a plan that was not listed yet is not a plan that is gone.
  const gate = { isOpen: false }
  const standby = options.standby ?? startStandby(options)
  const { watches } = standby
  standby.listen({
    onTenant: (change) => gate.isOpen && tenantChanged(running, change),
    onSubscription: (change) => gate.isOpen && subscriptionChanged(running, change),
    onToolSet: (change) =>
      gate.isOpen && hasChanged(change, toolSetGives) && referenceChanged(running, byToolSet, change),
    onPlan: (change) => gate.isOpen && hasChanged(change, planGives) && referenceChanged(running, byPlan, change),
  })
  const departures = createDepartures(options.brake.windowMs)
  const held = new Set<string>()
  const ending = [options.parts.issuerKeys.start((name) => lookAnew(running, name))]
  const stirred = new Set<string>()
  const running: Running = {
    stirred,
    options,
    watches,
    tenants,
    subscriptions,
    looks,
    subscriptionLooks,
    departures,
    doubts: createDoubts(),
    amiss: createAmiss((condition, since) => options.operatorMetrics.amissSince(condition, since)),
    held,
  }
  void Promise.all(all(watches).map((watch) => watch.synced)).then(() => {
    gate.isOpen = true
    ending.push(startSchemas(running))
    for (const tenant of watches.tenants.store.values()) running.amiss.changed(tenant)
    for (const key of watches.tenants.store.keys()) tenants.add(key)
    for (const key of watches.subscriptions.store.keys()) subscriptions.add(key)
  })
  return {
    problem: () => standby.problem(),
    stopped: stopAll(running, ending),
  }
}

const stopGraceMs = 5_000

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}

async function stopAll(
  { options, watches, tenants, subscriptions, amiss }: Running,
  ending: readonly (() => Promise<void>)[],
): Promise<void> {
  await Promise.race([aborted(options.signal), ...all(watches).map((watch) => watch.stopped)])
  if (!options.signal.aborted) options.logger.error({}, 'the watches ended by themselves')
  // Who no longer leads can finish nothing: every write is refused.
  const graceMs = options.signal.reason instanceof LostLeadership ? 0 : stopGraceMs
  await Promise.all([tenants.stop(graceMs), subscriptions.stop(graceMs), ...ending.map((end) => end())])
  amiss.clear()
  options.operatorMetrics.held(0)
  if (options.standby === undefined) await Promise.all(all(watches).map((watch) => watch.stopped))
}

function isSlowTenant({ watches }: Running, name: string): boolean {
  const tenant = watches.tenants.store.get(name)
  return tenant !== undefined && isSlow(tenant)
}

// One that is gone is known by its uid, so that its successor of the same name is not taken for it.
function subscriptionChanged(running: Running, change: Change<SubscriptionFacts>): void {
  const { subscriptions, subscriptionLooks, watches } = running
  const { type, key, object } = change
  // Who waited for its client may have it now; of two that are of one age, the one that has it may have to give it up.
  if (type !== 'modified' || object.metadata.deletionTimestamp !== undefined) {
    const { namespace = '' } = object.metadata
    for (const { metadata } of rivalsOf(watches.subscriptions.store.getByIndex(byNamespace, namespace), object)) {
      subscriptions.add(`${namespace}/${metadata.name}`)
    }
  }
  if (type === 'deleted') subscriptionLooks.delete(object.metadata.uid)
  subscriptions.add(type === 'deleted' ? `${key}/${object.metadata.uid}` : key)
}

function namespaceIn(key: string): string {
  return key.slice(0, key.indexOf('/'))
}

function tenantChanged(running: Running, change: Change<TenantFacts>): void {
  const { tenants, subscriptions, watches, looks } = running
  const { object } = change
  if (change.type === 'deleted') {
    looks.delete(object.metadata.uid)
    running.options.parts.issuerKeys.forget(object.metadata.uid)
    running.stirred.delete(object.metadata.uid)
    running.doubts.forget(object.metadata.uid)
    running.amiss.forget(object.metadata.uid)
  } else running.amiss.changed(object)
  tenants.add(change.key)
  if (setsFree(change)) stirWaiting(running)
  const owner = ownerOf(object.metadata)
  if (owner === undefined || !hasChanged(change, tenantGives)) return
  const namespace = namespaceOf(owner.name)
  for (const { metadata } of watches.subscriptions.store.getByIndex(byNamespace, namespace)) {
    subscriptions.add(`${namespace}/${metadata.name}`)
  }
}

// What somebody gave up may be what another waits for.
function stirWaiting(running: Running): void {
  for (const tenant of running.watches.tenants.store.values()) if (isWaitingForOthers(tenant)) stir(running, tenant)
}

function startSchemas(running: Running): () => Promise<void> {
  const { store } = running.watches.tenants
  return keepSchemas({ ...running.options, tenants: () => store.values(), wake: (name) => lookAnew(running, name) })
}

// What was seen of its keys, or of its schema's next version, is seen no more.
function lookAnew(running: Running, name: string): void {
  const tenant = running.watches.tenants.store.get(name)
  if (tenant !== undefined) stir(running, tenant)
}

// The tenant is looked at anew, however good its last look was.
function stir({ tenants, stirred }: Running, { metadata }: TenantFacts): void {
  stirred.add(metadata.uid)
  tenants.add(metadata.name)
}

// What subscriptions are made from; whatever else changes, like a status, is nothing to them.
function hasChanged<T>(change: Change<T>, gives: (object: T) => string): boolean {
  return change.type !== 'modified' || gives(change.old) !== gives(change.object)
}

function referenceChanged(
  { subscriptions, watches }: Running,
  index: typeof byToolSet | typeof byPlan,
  { key }: Pick<Change<unknown>, 'key'>,
): void {
  for (const { metadata } of watches.subscriptions.store.getByIndex(index, key)) {
    subscriptions.add(`${namespaceIn(key)}/${metadata.name}`)
  }
}

async function workTenant(running: Running, name: string, signal: AbortSignal): Promise<ReconcileResult> {
  const { options, looks } = running
  // Read anew: the copy may lag behind our own last write.
  const found = await options.kubernetes.find({ kind: tenantKind, name }, { signal })
  if (found === undefined) return {}
  const tenant = readTenant(found)
  const { uid, generation } = tenant.object.metadata
  // Forgotten at once: a fault in the new look must not bring the old one back.
  if (running.stirred.delete(uid)) looks.delete(uid)
  const look = freshest(looks.get(uid), options)
  const recent = look?.generation === generation ? look : undefined
  const reconciled = await reconcileOrHold(running, tenant, recent, signal)
  if (recent === undefined && reconciled.look !== undefined) await removeOrphans(running, tenant.object, signal)
  if (reconciled.look === undefined) looks.delete(uid)
  else looks.set(uid, reconciled.look)
  options.operatorMetrics.ended('Tenant', reconciled.outcome.kind)
  return requeue(reconciled.outcome, options, reconciled.dueAtMs)
}

async function reconcileOrHold(
  running: Running,
  read: ReadTenant,
  recent: Look | undefined,
  signal: AbortSignal,
): Promise<Reconciled> {
  const { parts, clock } = running.options
  const together = heldBack(running, read.object)
  if (together !== undefined) return holdDeletion(parts, read.object, together, signal)
  const reconciled = await reconcileTenant(parts, read, recent, signal)
  const { uid } = read.object.metadata
  if (reconciled.outcome.kind === 'gone') running.departures.add(uid, deletedAt(read.object) ?? clock.now())
  return reconciled
}

async function removeOrphans(
  { options, watches, doubts }: Running,
  tenant: TenantFacts,
  signal: AbortSignal,
): Promise<void> {
  const known = watches.subscriptions.store.getByIndex(byNamespace, tenant.status?.namespace ?? '')
  const uids = new Set(known.map(({ metadata }) => metadata.uid))
  const knowledge = { isKnown: (one: string) => uids.has(one), doubts }
  await deleteOrphans(options.parts, tenant, knowledge, signal)
}

// How many went together with this Tenant, when its deletion waits for somebody to allow it.
function heldBack(running: Running, tenant: TenantFacts): number | undefined {
  const { watches, departures, held, options } = running
  const { uid } = tenant.metadata
  const atMs = deletedAt(tenant)
  held.delete(uid)
  if (atMs !== undefined && !isAllowed(tenant)) {
    const gone = departures.recent(options.clock.now())
    const all = [...watches.tenants.store.values()]
    const deleted = all.filter(({ metadata }) => metadata.uid !== uid).flatMap((one) => deletedAt(one) ?? [])
    const deletions = { atMs: [atMs, ...deleted, ...gone], total: all.length + gone.length }
    const together = judgeBrake(atMs, deletions, options.brake)
    if (together !== undefined) held.add(uid)
    options.operatorMetrics.held(held.size)
    return together
  }
  options.operatorMetrics.held(held.size)
  return undefined
}

function deletedAt({ metadata }: TenantFacts): number | undefined {
  return metadata.deletionTimestamp === undefined ? undefined : Date.parse(metadata.deletionTimestamp)
}

function freshest<L extends { readonly atMs: number }>(look: L | undefined, { clock, resyncMs }: OperatorOptions) {
  // A resync comes jittered by a fifth: whatever is older than the earliest one is looked at again.
  return look !== undefined && clock.now() - look.atMs < resyncMs * (1 - jitter) ? look : undefined
}

async function workSubscription(running: Running, key: string, signal: AbortSignal): Promise<ReconcileResult> {
  const { options, watches, subscriptionLooks } = running
  const [namespace = '', name = '', goneUid] = key.split('/')
  const tenant = watches.tenants.store.get(tenantOfNamespace(namespace) ?? '')
  const found = await options.kubernetes.find({ kind: subscriptionKind, namespace, name }, { signal })
  if (goneUid !== undefined && found?.metadata.uid !== goneUid) {
    return requeue(await leaveRealm(options.parts, goneUid, tenant, signal), options)
  }
  if (found === undefined) return {}
  const subscription = readSubscription(found)
  const { uid } = subscription.object.metadata
  const around = {
    recent: freshest(subscriptionLooks.get(uid), options),
    tenant,
    ...neighbours(watches, namespace),
    isClientTaken: isClientTaken(watches.subscriptions.store.getByIndex(byNamespace, namespace), subscription.object),
  }
  subscriptionLooks.delete(uid)
  const reconciled = await reconcileSubscription(options.parts, subscription, around, signal)
  if (reconciled.look !== undefined) subscriptionLooks.set(uid, reconciled.look)
  options.operatorMetrics.ended('Subscription', reconciled.outcome.kind)
  return requeue(reconciled.outcome, options)
}

const jitter = 0.2

function requeue(outcome: Outcome, { resyncMs, random, clock }: OperatorOptions, dueAtMs = Infinity): ReconcileResult {
  const dueInMs = Math.max(0, dueAtMs - clock.now())
  const resyncAfterMs = Math.min(dueInMs, resyncMs * (1 - jitter + random() * 2 * jitter))
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
