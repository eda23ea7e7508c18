// subscription: one application's access. A client in the tenant's realm, and its credentials in a Secret.
import { findCondition } from '@bulkhead/crds'
import type { Plan, Subscription, ToolSet } from '@bulkhead/crds'
import { Secret, fullQuota, timestamp } from '@bulkhead/runtime'
import { subscriptionClientId } from '@bulkhead/tenancy'
import type { ReadSubscription, SubscriptionFacts, TenantFacts } from '../facts.ts'
import { addFinalizer, removeFinalizer } from '../kubernetes/finalizer.ts'
import { subscriptionKind } from '../kubernetes/kinds.ts'
import type { RealmAdmin } from '@bulkhead/identity'
import type { Outcome } from '../outcome.ts'
import type { Parts } from '../parts.ts'
import { byOwnAccount } from '../walls/identity/account.ts'
import type { OwnAccount } from '../walls/identity/account.ts'
import { isRealmOf } from '../walls/identity/realm.ts'
import { apply } from './apply.ts'
import { isClientOf } from './client-fields.ts'
import { enterRealm, observe } from './observe.ts'
import type { Observed } from './observed.ts'
import { plan } from './plan.ts'
import { reconcileExternal } from './external/reconcile.ts'
import { report } from './report.ts'
import { buildStatus, ownConditions, refusedStatus } from './status.ts'
import { expiryMs, homeOf, tenantGives, wantSubscription } from './wanted.ts'
import type { Home, Wanted } from './wanted.ts'

/** What keeps a Subscription until its client was seen gone. */
export const subscriptionFinalizer = 'bulkhead.dev/subscription'
const maxRounds = 4
const retryMs = 2000

/** Where a Subscription finds what it speaks of, in its own namespace. */
export interface Surroundings {
  /** The tenant that the namespace is named after. */
  readonly tenant: TenantFacts | undefined
  readonly toolSet: (name: string) => ToolSet | undefined
  readonly plan: (name: string) => Plan | undefined
  /** Whether an older Subscription of the namespace names that client. */
  readonly isClientTaken: boolean
  /** A look that is not too old. */
  readonly recent: SubscriptionLook | undefined
}

/** The last look that found everything as wanted: another one is needed only when something else is wanted. */
export interface SubscriptionLook {
  /** What was wanted, and of what Tenant, as one text. */
  readonly wanted: string
  readonly atMs: number
  readonly observed: Observed
}

export interface ReconciledSubscription {
  readonly outcome: Outcome
  readonly look?: SubscriptionLook | undefined
}

/** Makes one Subscription what it says, as far as possible now. */
export async function reconcileSubscription(
  parts: Parts,
  read: ReadSubscription,
  around: Surroundings,
  signal: AbortSignal,
): Promise<ReconciledSubscription> {
  if (read.object.metadata.deletionTimestamp !== undefined) {
    return { outcome: await remove(parts, read.object, around.tenant, signal) }
  }
  if (read.kind === 'facts') return { outcome: await refuse(parts, read.object, read.problem, signal) }
  return reconcileWhole(parts, read.object, around, signal)
}

async function reconcileWhole(
  parts: Parts,
  subscription: Subscription,
  around: Surroundings,
  signal: AbortSignal,
): Promise<ReconciledSubscription> {
  const { toolSetRef, planRef } = subscription.spec
  const nowMs = parts.clock.now()
  const now = timestamp(nowMs)
  const found = { tenant: around.tenant, toolSet: around.toolSet(toolSetRef.name), plan: around.plan(planRef.name) }
  if (isExternal(around.tenant)) {
    const { isClientTaken } = around
    return { outcome: await reconcileExternal(parts, subscription, { ...found, nowMs, isClientTaken }, signal) }
  }
  const wanted = wantSubscription(subscription, { ...found, nowMs })
  if (wanted === undefined) {
    await report(parts, subscription, buildStatus({ subscription, wanted, observed: undefined, now }), signal)
    return { outcome: { kind: 'waiting', reason: 'Waiting', retryAfterMs: 30_000 } }
  }
  await ensureFinalizer(parts, subscription, signal)
  const accepted = await tellAccepted(parts, subscription, wanted, signal)
  const text = JSON.stringify([wanted, around.tenant && tenantGives(around.tenant)])
  const recent = around.recent?.wanted === text ? around.recent : undefined
  const { observed, fault }: Built = recent ?? (await build(parts, wanted, signal))
  const status = buildStatus({ subscription: accepted, wanted, observed, fault: fault?.cause, now })
  await report(parts, accepted, status, signal)
  if (fault !== undefined) return { outcome: outcomeOfFault(fault) }
  return {
    outcome: outcomeOf(subscription, wanted, observed, nowMs),
    look: recent ?? keepLook(wanted, observed, { text, atMs: nowMs }),
  }
}

function isExternal(tenant: TenantFacts | undefined): boolean {
  return tenant?.spec.identity.type === 'External'
}

// A full quota is no fault: somebody must make room, and nothing tells when.
function outcomeOfFault(fault: Error): Outcome {
  if (fullQuota(fault.cause) === undefined) throw fault
  return { kind: 'waiting', reason: 'QuotaExceeded', retryAfterMs: 30_000 }
}

function keepLook(
  wanted: Wanted,
  observed: Observed | undefined,
  { text, atMs }: { readonly text: string; readonly atMs: number },
): SubscriptionLook | undefined {
  if (observed?.client.kind !== 'own' || observed.secret.kind !== 'as-wanted') return undefined
  if (!observed.isRealmOpen || plan(wanted, observed).length > 0) return undefined
  // What is kept needs no secret.
  const client = { ...observed.client, secret: new Secret('') }
  return { wanted: text, atMs, observed: { ...observed, client } }
}

// Told before the work in Keycloak: the data plane serves what is accepted at the object's very generation, and neither
// a harmless edit nor a Keycloak that is away may interrupt it. A refusal likewise cuts at once.
async function tellAccepted(
  parts: Parts,
  subscription: Subscription,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<Subscription> {
  const { metadata, status: before } = subscription
  const expected = wanted.verdict.kind === 'accepted' ? 'True' : 'False'
  const told = findCondition(before?.conditions, 'Accepted')
  if (told?.status === expected && told.observedGeneration === metadata.generation) return subscription
  const now = timestamp(parts.clock.now())
  const status = buildStatus({ subscription, wanted, observed: undefined, now })
  await report(parts, subscription, status, signal)
  const others = (before?.conditions ?? []).filter(({ type }) => !ownConditions.includes(type))
  return { ...subscription, status: { ...status, conditions: [...(status.conditions ?? []), ...others] } }
}

async function refuse(
  parts: Parts,
  subscription: SubscriptionFacts,
  problem: string,
  signal: AbortSignal,
): Promise<Outcome> {
  await report(parts, subscription, refusedStatus(subscription, problem, timestamp(parts.clock.now())), signal)
  return { kind: 'stalled', problems: [{ reason: 'InvalidSpec', field: 'spec', message: problem }] }
}

async function ensureFinalizer({ kubernetes }: Parts, { metadata }: Subscription, signal: AbortSignal): Promise<void> {
  const { finalizers = [], uid } = metadata
  if (finalizers.includes(subscriptionFinalizer)) return
  await addFinalizer(kubernetes, { ref: refOf(metadata), uid }, subscriptionFinalizer, signal)
}

function refOf({ name, namespace }: Subscription['metadata']) {
  return { kind: subscriptionKind, name, namespace }
}

interface Built {
  readonly observed: Observed | undefined
  readonly fault?: Error
}

// Looks and acts until a look finds nothing left to do. The last look counts even when a step failed.
async function build(parts: Parts, wanted: Wanted, signal: AbortSignal): Promise<Built> {
  let observed: Observed | undefined
  const work = async (): Promise<void> => {
    const admin = await enterRealm(parts, wanted, signal)
    observed = await observe(parts, wanted, admin, signal)
    for (let round = 1; round <= maxRounds && admin !== undefined; round += 1) {
      const steps = plan(wanted, observed)
      if (steps.length === 0) break
      await apply(parts, wanted, admin, { steps, signal })
      observed = await observe(parts, wanted, admin, signal)
    }
  }
  try {
    await byOwnAccount(parts, accountIn(wanted), signal, work)
    return { observed }
  } catch (error) {
    signal.throwIfAborted()
    const { namespace, name } = wanted.subscription
    return { observed, fault: new Error(`Cannot build subscription "${namespace}/${name}"`, { cause: error }) }
  }
}

function accountIn({ owner, realm, realmSecretName: secretName }: Home): OwnAccount {
  return { owner, realm, secretName }
}

function outcomeOf({ spec }: Subscription, wanted: Wanted, observed: Observed | undefined, nowMs: number): Outcome {
  if (observed !== undefined && plan(wanted, observed).length > 0) {
    return { kind: 'waiting', reason: 'Progressing', retryAfterMs: retryMs }
  }
  if (wanted.verdict.kind === 'refused') return { kind: 'stalled', problems: [wanted.verdict.problem] }
  if (observed?.isRealmOpen !== true) return { kind: 'waiting', reason: 'Waiting', retryAfterMs: 30_000 }
  const expiresInMs = expiryMs(spec.expiresAt) - nowMs
  return Number.isFinite(expiresInMs)
    ? { kind: 'waiting', reason: 'Ready', retryAfterMs: Math.max(1000, expiresInMs) }
    : { kind: 'ready' }
}

async function remove(
  parts: Parts,
  { metadata }: SubscriptionFacts,
  tenant: TenantFacts | undefined,
  signal: AbortSignal,
): Promise<Outcome> {
  if (metadata.finalizers?.includes(subscriptionFinalizer) !== true) return { kind: 'gone' }
  const outcome = await leaveRealm(parts, metadata.uid, tenant, signal)
  if (outcome.kind !== 'gone') return outcome
  await removeFinalizer(parts.kubernetes, { ref: refOf(metadata), uid: metadata.uid }, subscriptionFinalizer, signal)
  parts.logger.info({ tenant: tenant?.metadata.name, subscription: metadata.name }, 'subscription gone')
  return outcome
}

/**
 * Takes a Subscription's client out of its tenant's realm; `gone` once it was seen gone, or goes with the realm. Needs
 * no more than the uid, so that it also works for a Subscription that is no more.
 */
export async function leaveRealm(
  parts: Parts,
  uid: string,
  tenant: TenantFacts | undefined,
  signal: AbortSignal,
): Promise<Outcome> {
  const home = homeOf(tenant)
  if (tenant === undefined || home === undefined || isExternal(tenant) || goesWithRealm(tenant)) return { kind: 'gone' }
  const admin = await enterRealm(parts, home, signal)
  if (admin !== undefined) {
    await byOwnAccount(parts, accountIn(home), signal, () => removeClient(admin, uid))
    return { kind: 'gone' }
  }
  // A suspended tenant's realm is shut: the client cannot be used, and is removed once the realm opens again. A tenant
  // that is being deleted would wait for that for ever; its realm stays shut.
  const isStaying = tenant.metadata.deletionTimestamp === undefined
  if (!isStaying || !(await isRealmThere(parts, home, signal))) return { kind: 'gone' }
  return { kind: 'waiting', reason: 'Waiting', retryAfterMs: 30_000 }
}

// Every client goes with its realm; waiting for a realm that is being deleted would hold up its namespace.
function goesWithRealm({ metadata, spec }: TenantFacts): boolean {
  return metadata.deletionTimestamp !== undefined && spec.deletionPolicy === 'Delete'
}

async function isRealmThere({ keycloak }: Parts, { realm, owner }: Home, signal: AbortSignal): Promise<boolean> {
  const found = await keycloak.findRealm(realm, signal)
  return found !== undefined && isRealmOf(found, owner.uid)
}

async function removeClient(admin: RealmAdmin, uid: string): Promise<void> {
  const clientId = subscriptionClientId(uid)
  const client = await admin.findClient(clientId)
  if (client === undefined || !isClientOf(client, uid)) return
  await admin.deleteClient(client.id)
  if ((await admin.findClient(clientId)) !== undefined) throw new Error(`Client "${clientId}" is still there`)
}
