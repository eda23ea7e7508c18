import type { ReconcileResult } from '@bulkhead/runtime'
import { judgeBrake } from '../brake.ts'
import { readTenant } from '../facts.ts'
import type { ReadTenant, TenantFacts } from '../facts.ts'
import { tenantKind } from '../kubernetes/kinds.ts'
import { deleteOrphans } from '../subscription/orphans.ts'
import { holdDeletion, isAllowed } from '../tenant/hold.ts'
import type { Look } from '../tenant/look.ts'
import { reconcileTenant } from '../tenant/reconcile.ts'
import type { Reconciled } from '../tenant/reconcile.ts'
import { isSlow } from '../tenant/slow-work.ts'
import { byNamespace } from '../watches.ts'
import { freshest, requeue } from './requeue.ts'
import type { Running } from './running.ts'

/** Whether a Tenant takes long, as far as we know it. */
export function isSlowTenant({ watches }: Running, name: string): boolean {
  const tenant = watches.tenants.store.get(name)
  return tenant !== undefined && isSlow(tenant)
}

/** Makes one Tenant what it says; says when to come back. */
export async function workTenant(running: Running, name: string, signal: AbortSignal): Promise<ReconcileResult> {
  const { options, watches } = running
  const { looks, stirred } = running.memory
  // Read anew: the copy may lag behind our own last write.
  const found = await options.kubernetes.find({ kind: tenantKind, name }, { signal })
  if (found === undefined) return {}
  const tenant = readTenant(found)
  const { uid, generation } = tenant.object.metadata
  // Forgotten at once: a fault in the new look must not bring the old one back.
  if (stirred.delete(uid)) looks.delete(uid)
  const look = freshest(looks.get(uid), options)
  const recent = look?.generation === generation ? look : undefined
  const reconciled = await reconcileOrHold(running, tenant, recent, signal)
  if (reconciled.look !== undefined) await removeOrphans(running, tenant.object, reconciled, signal)
  // One that went meanwhile was forgotten, and stays so.
  const isThere = watches.tenants.store.get(name)?.metadata.uid === uid
  if (reconciled.look === undefined || !isThere) looks.delete(uid)
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
  if (reconciled.outcome.kind === 'gone') running.memory.departures.add(uid, deletedAt(read.object) ?? clock.now())
  return reconciled
}

async function removeOrphans(
  { options, watches, memory: { doubts } }: Running,
  tenant: TenantFacts,
  { admin }: Pick<Reconciled, 'admin'>,
  signal: AbortSignal,
): Promise<void> {
  // Its realm was not looked at just now, or is shut.
  if (admin === undefined) return
  const known = watches.subscriptions.store.getByIndex(byNamespace, tenant.status?.namespace ?? '')
  const uids = new Set(known.map(({ metadata }) => metadata.uid))
  const knowledge = { isKnown: (one: string) => uids.has(one), doubts, admin }
  await deleteOrphans(options.parts, tenant, knowledge, signal)
}

// How many went together with this Tenant, when its deletion waits for somebody to allow it.
function heldBack(running: Running, tenant: TenantFacts): number | undefined {
  const { watches, options } = running
  const { departures, held } = running.memory
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
