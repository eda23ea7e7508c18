import { findCondition, nextCondition } from '@bulkhead/crds'
import { isConflict, isNotFound } from '@bulkhead/runtime'
import { databaseSecretOf, namespaceOf, realmOf, realmSecretOf, tenantHost } from '@bulkhead/tenancy'
import type { TenantFacts } from '../facts.ts'
import { removeFinalizer } from '../kubernetes/finalizer.ts'
import { namespaceKind, secretKind, tenantKind } from '../kubernetes/kinds.ts'
import { seeObject } from '../kubernetes/wanted-object.ts'
import type { Outcome } from '../outcome.ts'
import { findSystemSecret, termsOf } from './observe.ts'
import type { Parts } from './parts.ts'
import { planDeletion } from './plan-deletion.ts'
import type { DeletionStep, Remains } from './plan-deletion.ts'
import { isRealmOf } from './realm.ts'
import { report, timestamp } from './report.ts'
import { databaseTenantOf, ownerOf } from './wanted.ts'
import type { Owner } from './wanted.ts'

/** What keeps a Tenant until its clean-up was seen done. */
export const tenantFinalizer = 'bulkhead.dev/tenant'
const withdrawalTimeoutMs = 10_000
const pollMs = 1000
const maxRounds = 3

/** Takes a Tenant away: traffic first, then what it had, then, once that was seen gone, the finalizer. */
export async function reconcileDeletion(parts: Parts, tenant: TenantFacts, signal: AbortSignal): Promise<Outcome> {
  if (tenant.metadata.finalizers?.includes(tenantFinalizer) !== true) return { kind: 'gone' }
  const { name, uid } = tenant.metadata
  // By name and uid alone: what the spec says, or whether it can be used at all, is nothing to a deletion.
  const owner = ownerOf(tenant.metadata)
  if (owner !== undefined) {
    const withdrawing = await withdraw(parts, tenant, signal)
    if (withdrawing !== undefined) return withdrawing
    if (!(await clean(parts, owner, tenant.spec.deletionPolicy, signal))) {
      return { kind: 'waiting', reason: 'Deleting', retryAfterMs: pollMs }
    }
  }
  await removeFinalizer(parts.kubernetes, { ref: { kind: tenantKind, name }, uid }, tenantFinalizer, signal)
  parts.logger.info({ tenant: name, policy: tenant.spec.deletionPolicy }, 'tenant gone')
  return { kind: 'gone' }
}

// The grants go first, which takes the tenant's hosts off every Envoy; then that is awaited, but not for ever.
async function withdraw(parts: Parts, tenant: TenantFacts, signal: AbortSignal): Promise<Outcome | undefined> {
  const { clock } = parts
  await report(parts, tenant, withdrawnStatus(tenant, timestamp(clock.now())), signal)
  const conditions = tenant.status?.conditions
  const programmed = findCondition(conditions, 'Programmed')
  if (programmed === undefined || programmed.reason === 'Withdrawn') return undefined
  const granted = findCondition(conditions, 'Granted')
  const sinceMs = granted?.reason === 'Deleting' ? Date.parse(granted.lastTransitionTime ?? '') : clock.now()
  if (clock.now() - sinceMs >= withdrawalTimeoutMs) return undefined
  return { kind: 'waiting', reason: 'Deleting', retryAfterMs: pollMs }
}

function withdrawnStatus({ status, metadata }: TenantFacts, now: string): NonNullable<TenantFacts['status']> {
  const observedGeneration = metadata.generation
  const message = 'The tenant is being deleted'
  const conditions = ['Granted', 'Ready'].map((type) =>
    nextCondition(status?.conditions, { type, status: 'False', reason: 'Deleting', message, observedGeneration }, now),
  )
  const { dataPlane: _dataPlane, conditions: _conditions, ...own } = status ?? {}
  return { ...own, observedGeneration, granted: { hostnames: [], guaranteed: 0 }, conditions }
}

/** Gives whether everything was seen gone. */
async function clean(
  parts: Parts,
  owner: Owner,
  policy: TenantFacts['spec']['deletionPolicy'],
  signal: AbortSignal,
): Promise<boolean> {
  for (let round = 1; round <= maxRounds; round += 1) {
    const { steps, isDone } = planDeletion(policy, await observeRemains(parts, owner, signal))
    if (isDone) return true
    if (steps.length === 0) return false
    // All of them are tried, whatever fails: a Keycloak that is away must not keep the database's door open.
    const results = await Promise.allSettled(steps.map((step) => applyDeletion(parts, owner, step, signal)))
    const failed = results.find((result) => result.status === 'rejected')
    if (failed !== undefined) {
      throw new Error(`Cannot delete tenant "${owner.name}"`, { cause: failed.reason })
    }
  }
  return false
}

async function observeRemains(parts: Parts, owner: Owner, signal: AbortSignal): Promise<Remains> {
  const [namespace, realm, seen, isRegistered, ...secrets] = await Promise.all([
    parts.kubernetes.find({ kind: namespaceKind, name: namespaceOf(owner.name) }, { signal }),
    parts.keycloak.findRealm(realmOf(owner), signal),
    parts.databases.observe(databaseTenantOf(owner), signal),
    parts.registry.isRegistered(owner.uid, signal),
    ...[realmSecretOf(owner.id), databaseSecretOf(owner.id)].map((name) => findSystemSecret(parts, name, signal)),
  ])
  const seenNamespace = seeObject(namespace, owner.uid)
  const isOwnRealm = realm !== undefined && isRealmOf(realm, owner.uid)
  const { role, schema } = seen
  return {
    namespace:
      seenNamespace.kind === 'own'
        ? {
            kind: seenNamespace.object.metadata.deletionTimestamp === undefined ? 'own' : 'terminating',
            uid: seenNamespace.object.metadata.uid ?? '',
          }
        : { kind: 'gone' },
    realm: isOwnRealm ? (realm.enabled ? 'enabled' : 'disabled') : 'gone',
    database: {
      role: role.kind === 'own' ? (role.canLogin ? 'open' : 'shut') : 'gone',
      schema: schema.kind === 'own' ? 'own' : 'gone',
    },
    isRegistered,
    secrets: secrets.flatMap((secret) =>
      secret !== undefined && seeObject(secret, owner.uid).kind === 'own' ? [secret.metadata.name] : [],
    ),
  }
}

async function applyDeletion(parts: Parts, owner: Owner, step: DeletionStep, signal: AbortSignal): Promise<void> {
  parts.logger.info({ tenant: owner.name, step: step.kind }, 'taking a deletion step')
  switch (step.kind) {
    case 'delete-namespace': {
      const ref = { kind: namespaceKind, name: namespaceOf(owner.name) }
      return removed(parts.kubernetes.delete(ref, { preconditions: { uid: step.uid }, signal }))
    }
    case 'delete-realm':
      return parts.keycloak.deleteRealm(realmOf(owner), signal)
    case 'disable-realm':
      return parts.keycloak.setEnabled(realmOf(owner), false, signal)
    case 'drop-database':
      return parts.databases.drop(databaseTenantOf(owner), signal)
    case 'retain-database':
      return parts.databases.retain(databaseTenantOf(owner), signal)
    case 'release-grants': {
      const ownHost = tenantHost(owner.name, parts.settings.baseDomain)
      return parts.registry.release({ uid: owner.uid, ownHost }, termsOf(parts), signal)
    }
    case 'delete-secret': {
      const namespace = parts.settings.systemNamespace
      return removed(parts.kubernetes.delete({ kind: secretKind, namespace, name: step.name }, { signal }))
    }
  }
}

async function removed(deletion: Promise<void>): Promise<void> {
  try {
    await deletion
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error
  }
}
