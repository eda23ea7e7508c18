// subscription: one application's access. A client in the tenant's realm, and its credentials in a Secret.
import type { Subscription } from '@bulkhead/crds'
import { addFinalizer, removeFinalizer } from '../kubernetes/finalizer.ts'
import { announce, transitions } from '../kubernetes/events.ts'
import { subscriptionKind } from '../kubernetes/kinds.ts'
import type { RealmAdmin } from '../keycloak/keycloak.ts'
import type { Outcome } from '../outcome.ts'
import { saysAlready } from '../tenant/own-status.ts'
import { fieldManager } from '../tenant/parts.ts'
import type { Parts } from '../tenant/parts.ts'
import { isRealmOf } from '../tenant/realm.ts'
import { timestamp } from '../tenant/report.ts'
import { apply } from './apply.ts'
import { enterRealm, observe } from './observe.ts'
import type { Observed } from './observed.ts'
import { plan } from './plan.ts'
import { buildStatus } from './status.ts'
import { expiryMs, wantSubscription } from './wanted.ts'
import type { Surroundings, Wanted } from './wanted.ts'

/** What keeps a Subscription until its client was seen gone. */
export const subscriptionFinalizer = 'bulkhead.dev/subscription'
/** The conditions of a Subscription that only the operator writes. */
const ownConditions = ['Accepted', 'CredentialsReady', 'Ready', 'Reconciling', 'Stalled']
const maxRounds = 4
const retryMs = 2000

/** Makes one Subscription what it says, as far as possible now. */
export async function reconcileSubscription(
  parts: Parts,
  subscription: Subscription,
  around: Omit<Surroundings, 'nowMs'>,
  signal: AbortSignal,
): Promise<Outcome> {
  const nowMs = parts.clock.now()
  const wanted = wantSubscription(subscription, { ...around, nowMs })
  if (subscription.metadata.deletionTimestamp !== undefined) {
    return remove(parts, subscription, { wanted, tenant: around.tenant }, signal)
  }
  if (wanted === undefined) {
    await report(parts, subscription, { wanted, observed: undefined }, signal)
    return { kind: 'waiting', reason: 'Waiting', retryAfterMs: 30_000 }
  }
  await ensureFinalizer(parts, subscription, signal)
  const { observed, fault } = await build(parts, wanted, signal)
  await report(parts, subscription, { wanted, observed }, signal)
  if (fault !== undefined) throw fault
  return outcomeOf(subscription, wanted, observed, nowMs)
}

async function ensureFinalizer({ kubernetes }: Parts, { metadata }: Subscription, signal: AbortSignal): Promise<void> {
  const { finalizers = [], uid, resourceVersion } = metadata
  if (finalizers.includes(subscriptionFinalizer)) return
  await addFinalizer(
    kubernetes,
    { ref: refOf(metadata), uid, resourceVersion, finalizers },
    subscriptionFinalizer,
    signal,
  )
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
  try {
    const admin = await enterRealm(parts, wanted, signal)
    observed = await observe(parts, wanted, admin, signal)
    for (let round = 1; round <= maxRounds && admin !== undefined; round += 1) {
      const steps = plan(wanted, observed)
      if (steps.length === 0) break
      await apply(parts, wanted, admin, { steps, signal })
      observed = await observe(parts, wanted, admin, signal)
    }
    return { observed }
  } catch (error) {
    signal.throwIfAborted()
    const { namespace, name } = wanted.subscription
    return { observed, fault: new Error(`Cannot build subscription "${namespace}/${name}"`, { cause: error }) }
  }
}

function outcomeOf(
  { spec }: Subscription,
  { verdict }: Wanted,
  observed: Observed | undefined,
  nowMs: number,
): Outcome {
  if (verdict.kind === 'refused') return { kind: 'stalled', problems: [verdict.problem] }
  if (observed?.isRealmOpen !== true) return { kind: 'waiting', reason: 'Waiting', retryAfterMs: 30_000 }
  const expiresInMs = expiryMs(spec.expiresAt) - nowMs
  if (observed.secret.kind !== 'as-wanted' && observed.secret.kind !== 'foreign') {
    return { kind: 'waiting', reason: 'Progressing', retryAfterMs: retryMs }
  }
  return Number.isFinite(expiresInMs)
    ? { kind: 'waiting', reason: 'Ready', retryAfterMs: Math.max(1000, expiresInMs) }
    : { kind: 'ready' }
}

async function report(
  { kubernetes, logger, clock }: Parts,
  subscription: Subscription,
  seen: { readonly wanted: Wanted | undefined; readonly observed: Observed | undefined },
  signal: AbortSignal,
): Promise<void> {
  const nowMs = clock.now()
  const status = buildStatus({ subscription, ...seen, now: timestamp(nowMs) })
  if (saysAlready(subscription.status, status, ownConditions)) return
  const { name, namespace, uid } = subscription.metadata
  const body = { metadata: { name, namespace, uid }, status }
  await kubernetes.applyStatus(subscriptionKind, body, { fieldManager, force: true, signal })
  const changed = transitions(subscription.status?.conditions, status.conditions ?? [])
  const announced = new Date(nowMs).toISOString()
  const subject = { ref: refOf(subscription.metadata), uid, tenant: seen.wanted?.owner.name ?? '-', now: announced }
  await announce(kubernetes, logger, subject, changed)
}

async function remove(
  parts: Parts,
  { metadata }: Subscription,
  { wanted, tenant }: { readonly wanted: Wanted | undefined; readonly tenant: Surroundings['tenant'] },
  signal: AbortSignal,
): Promise<Outcome> {
  if (metadata.finalizers?.includes(subscriptionFinalizer) !== true) return { kind: 'gone' }
  if (wanted !== undefined && tenant !== undefined && !goesWithRealm(tenant)) {
    const isShut = await leaveRealm(parts, wanted, signal)
    // A suspended tenant's realm is shut: the client cannot be used, and is removed once the realm opens again.
    const isStaying = tenant.metadata.deletionTimestamp === undefined
    if (isShut && isStaying) return { kind: 'waiting', reason: 'Waiting', retryAfterMs: 30_000 }
  }
  await removeFinalizer(parts.kubernetes, { ref: refOf(metadata), uid: metadata.uid }, subscriptionFinalizer, signal)
  parts.logger.info({ tenant: wanted?.owner.name, subscription: metadata.name }, 'subscription gone')
  return { kind: 'gone' }
}

// Every client goes with its realm; waiting for a realm that is being deleted would hold up its namespace.
function goesWithRealm({ metadata, spec }: NonNullable<Surroundings['tenant']>): boolean {
  return metadata.deletionTimestamp !== undefined && spec.deletionPolicy === 'Delete'
}

/** Removes the client and sees it gone; gives whether the realm is there and lets us in no more. */
async function leaveRealm(parts: Parts, wanted: Wanted, signal: AbortSignal): Promise<boolean> {
  const admin = await enterRealm(parts, wanted, signal)
  if (admin === undefined) return isRealmThere(parts, wanted, signal)
  await removeClient(admin, wanted.clientId)
  return false
}

async function isRealmThere({ keycloak }: Parts, { realm, owner }: Wanted, signal: AbortSignal): Promise<boolean> {
  const found = await keycloak.findRealm(realm, signal)
  return found !== undefined && isRealmOf(found, owner.uid)
}

async function removeClient(admin: RealmAdmin, clientId: string): Promise<void> {
  const client = await admin.findClient(clientId)
  if (client === undefined) return
  await admin.deleteClient(client.id)
  if ((await admin.findClient(clientId)) !== undefined) throw new Error(`Client "${clientId}" is still there`)
}
