// tenant: what becomes of a Tenant. observe looks at the walls, plan says what is missing, apply does it, status tells.
import type { Problem, Tenant } from '@bulkhead/crds'
import type { ReadTenant, TenantFacts } from '../facts.ts'
import type { RealmAdmin } from '@bulkhead/identity'
import { timestamp } from '@bulkhead/runtime'
import { addFinalizer } from '../kubernetes/finalizer.ts'
import { tenantKind } from '../kubernetes/kinds.ts'
import type { Outcome } from '../outcome.ts'
import { adopt } from './adopt.ts'
import type { Faults } from './apply.ts'
import { build } from './build.ts'
import { reconcileDeletion, tenantFinalizer } from './delete.ts'
import { lostWalls, namespaceLoss, recreateAnnotation } from './lost.ts'
import type { Keeper } from './lost.ts'
import { withoutContents } from './look.ts'
import type { Look } from './look.ts'
import { observe } from './observe.ts'
import { wallNames } from './observed.ts'
import type { Observed } from './observed.ts'
import { fieldManager } from '../parts.ts'
import type { Parts } from '../parts.ts'
import { report, tell } from './report.ts'
import { buildStatus, refusedStatus } from './status.ts'
import type { StatusResult } from './status.ts'
import { keysDueAt } from '../walls/identity/keys/due.ts'
import { signingKeysIn } from '../walls/identity/keys/components.ts'
import { isRotationAsked } from '../walls/identity/keys/rotation.ts'
import { placeWalls } from './place.ts'
import { wantTenant } from './wanted.ts'
import type { Wanted } from './wanted.ts'

const retryMs = 2000
const secretRetryMs = 30_000

export interface Reconciled {
  readonly outcome: Outcome
  readonly look?: Look | undefined
  /** When something of it has to be looked at, however good the look is. */
  readonly dueAtMs?: number | undefined
  /** The way into its realm, where that was just seen to be its own, and open. */
  readonly admin?: RealmAdmin | undefined
}

/** Makes one Tenant what it says, as far as possible now. `recent` is a look that is still good. */
export async function reconcileTenant(
  parts: Parts,
  read: ReadTenant,
  recent: Look | undefined,
  signal: AbortSignal,
): Promise<Reconciled> {
  if (read.object.metadata.deletionTimestamp !== undefined) {
    return { outcome: await reconcileDeletion(parts, read.object, signal) }
  }
  if (read.kind === 'facts') return { outcome: await refuse(parts, read.object, unreadable(read.problem), signal) }
  const tenant = read.object
  const derived = wantTenant(tenant, parts.settings)
  if (!derived.ok) return { outcome: await refuse(parts, tenant, derived.problem, signal) }
  await ensureFinalizer(parts, tenant, signal)
  const adopted = await takeUp(parts, tenant, derived.wanted, signal)
  if (adopted.kind === 'refused') return { outcome: await refuse(parts, tenant, adopted.problem, signal) }
  const wanted = await placeWalls(parts, tenant, adopted.wanted, signal)
  return reconcileWalls(parts, tenant, { wanted, recent }, signal)
}

async function reconcileWalls(
  parts: Parts,
  tenant: Tenant,
  { wanted, recent }: { readonly wanted: Wanted; readonly recent: Look | undefined },
  signal: AbortSignal,
): Promise<Reconciled> {
  const isAsked = wanted.again.length > 0 || isNewKeyAsked(wanted, recent) || isRetryAsked(wanted, recent)
  // An annotation changes no generation: what it asks for is looked at anew. So is a key whose time has come.
  const look = isAsked || keysDueMs(wanted, recent?.observed) <= parts.clock.now() ? undefined : recent
  const built = look === undefined ? await lookAndBuild(parts, tenant, wanted, signal) : { ...look, faults: noFaults }
  const { observed, faults, refusals } = built
  if (wanted.again.length > 0) await forgetRecreation(parts, tenant, lostWalls(wanted.known, observed), signal)
  const nowMs = parts.clock.now()
  const refused = [...refusals.values()]
  const result = buildStatus({ tenant, wanted, observed, faults, refused, now: timestamp(nowMs) })
  await report(parts, tenant, result.status, signal)
  throwFault(tenant, observed, faults)
  const outcome = outcomeOf(result, nextFreeMs(observed) - nowMs)
  const next = look ?? {
    generation: tenant.metadata.generation,
    atMs: nowMs,
    observed: withoutContents(observed),
    refusals,
  }
  const dueAtMs = keysDueMs(wanted, observed)
  return { outcome, look: outcome.kind === 'waiting' ? undefined : next, dueAtMs, admin: adminOf(observed) }
}

function adminOf({ identity }: Observed): RealmAdmin | undefined {
  return identity.kind === 'seen' ? identity.value.admin : undefined
}

function keysDueMs({ identity }: Wanted, seen: Observed | undefined): number {
  const dueAt = seen?.identity.kind === 'seen' ? keysDueAt(identity, seen.identity.value) : undefined
  return (dueAt ?? Infinity) * 1000
}

async function lookAndBuild(parts: Parts, tenant: Tenant, wanted: Wanted, signal: AbortSignal) {
  const observed = await observe(parts, wanted, signal)
  const loss = namespaceLoss(tenant, wanted.owner.name, observed)
  // Told before it is made again: afterwards nobody could see that it was gone.
  if (loss !== undefined) await tell(parts, tenant, [loss])
  return build(parts, wanted, observed, signal)
}

function isNewKeyAsked({ identity }: Wanted, recent: Look | undefined): boolean {
  if (recent?.observed.identity.kind !== 'seen') return false
  const { realm } = recent.observed.identity.value
  return realm.kind === 'open' && isRotationAsked(signingKeysIn(realm.components), identity.rotation.request)
}

function isRetryAsked({ database }: Wanted, recent: Look | undefined): boolean {
  if (recent?.observed.database.kind !== 'seen') return false
  const { hindrance } = recent.observed.database.value.plan
  return hindrance?.kind === 'failed' && hindrance.request !== database.rollout.request
}

type TakenUp =
  { readonly kind: 'taken'; readonly wanted: Wanted } | { readonly kind: 'refused'; readonly problem: Problem }

async function takeUp(parts: Parts, tenant: Tenant, wanted: Wanted, signal: AbortSignal): Promise<TakenUp> {
  // What was taken up once has a schema of this Tenant's own.
  const adoption = wanted.known.database ? undefined : await adopt(parts, tenant, wanted.owner, signal)
  if (adoption?.kind === 'refused') return adoption
  return { kind: 'taken', wanted: takingUp(wanted, adoption?.formerUid) }
}

// The hosts of the incarnation that is taken up wait for this one.
function takingUp(wanted: Wanted, formerUid: string | undefined): Wanted {
  const { grants } = wanted
  return formerUid === undefined ? wanted : { ...wanted, grants: { ...grants, claim: { ...grants.claim, formerUid } } }
}

// It was a word said once: a wall that is lost again is asked about again.
async function forgetRecreation(
  { kubernetes }: Parts,
  { metadata }: Tenant,
  lost: readonly Keeper[],
  signal: AbortSignal,
): Promise<void> {
  if (lost.length > 0) return
  const ref = { kind: tenantKind, name: metadata.name }
  const body = { metadata: { uid: metadata.uid, annotations: { [recreateAnnotation]: null } } }
  await kubernetes.patch(ref, { type: 'merge', body }, { fieldManager, signal })
}

const noFaults: Faults = new Map()

async function ensureFinalizer({ kubernetes }: Parts, { metadata }: Tenant, signal: AbortSignal): Promise<void> {
  const { name, uid, finalizers = [] } = metadata
  if (finalizers.includes(tenantFinalizer)) return
  const ref = { kind: tenantKind, name }
  await addFinalizer(kubernetes, { ref, uid, seen: metadata }, tenantFinalizer, signal)
}

function throwFault({ metadata }: Tenant, observed: Observed, faults: Faults): void {
  const seen = wallNames.flatMap((wall) => {
    const look = observed[wall]
    return look.kind === 'unavailable' ? [look.error] : []
  })
  const all = [...faults.values(), ...seen]
  if (all.length === 0) return
  const [first] = all
  const cause = all.length === 1 ? first : new AggregateError(all)
  const why = first instanceof Error ? first.message : String(first)
  throw new Error(`Cannot build tenant "${metadata.name}": ${why}`, { cause })
}

// Nothing tells of the end of a quarantine.
function nextFreeMs({ grants }: Observed): number {
  return (grants.kind === 'seen' ? grants.value.nextFreeMs : undefined) ?? Infinity
}

function outcomeOf({ problems, waiting, isStuck }: StatusResult, freeInMs: number): Outcome {
  if (waiting) return { kind: 'waiting', reason: 'Progressing', retryAfterMs: retryMs }
  // A Secret comes when somebody makes it, and nothing tells of it.
  if (problems.some(({ reason }) => reason === 'SecretNotFound')) {
    return { kind: 'waiting', reason: 'SecretNotFound', retryAfterMs: secretRetryMs }
  }
  if (!isStuck) return { kind: 'ready' }
  if (!Number.isFinite(freeInMs)) return { kind: 'stalled', problems }
  return { kind: 'waiting', reason: 'HostnameNotGranted', retryAfterMs: Math.max(retryMs, freeInMs) }
}

const unreadable = (problem: string): Problem => ({
  reason: 'InvalidSpec',
  field: 'spec',
  message: `It cannot be used: ${problem}`,
})

async function refuse(parts: Parts, tenant: TenantFacts, problem: Problem, signal: AbortSignal): Promise<Outcome> {
  await report(parts, tenant, refusedStatus(tenant, problem, timestamp(parts.clock.now())), signal)
  return { kind: 'stalled', problems: [problem] }
}
