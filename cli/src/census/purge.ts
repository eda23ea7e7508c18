import { isConflict, isNotFound } from '@bulkhead/runtime'
import type { KubeRef } from '@bulkhead/runtime'
import { namespaceOf, realmOf, retainedSchemaOf, roleOf, schemaOf, tenantHost } from '@bulkhead/tenancy'
import { namespaceKind, secretKind } from '../kubernetes.ts'
import type { Platform } from '../platform.ts'
import type { PurgeStep } from './plan-purge.ts'
import type { Sightings, Subject } from './sightings.ts'

export interface PurgeWork {
  readonly subject: Subject
  /** What the step was planned from: whose everything is. */
  readonly seen: Sightings
  readonly step: PurgeStep
}

/** Removes one thing; one that is gone already is as good. */
export async function purgeStep(platform: Platform, work: PurgeWork, signal: AbortSignal): Promise<void> {
  const { subject, step } = work
  const { keycloak, retained, systemNamespace: namespace } = platform
  switch (step.kind) {
    case 'delete-namespace':
      return remove(platform, { kind: namespaceKind, name: namespaceOf(subject.name) }, step.uid, signal)
    case 'delete-realm':
      return keycloak.deleteRealm(realmOf(subject), signal)
    case 'drop-database':
      return dropDatabase(platform, work, step.shard, signal)
    case 'release-grants':
      return releaseGrants(platform, work, signal)
    case 'delete-secret':
      return remove(platform, { kind: secretKind, namespace, name: step.name }, undefined, signal)
    case 'forget-record':
      return retained.forget(subject.id, signal)
  }
}

async function remove({ kubernetes }: Platform, ref: KubeRef, uid: string | undefined, signal: AbortSignal) {
  try {
    await kubernetes.delete(ref, { ...(uid === undefined ? {} : { preconditions: { uid } }), signal })
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error
  }
}

async function dropDatabase(
  { tenants }: Platform,
  { subject, seen }: PurgeWork,
  shard: string,
  signal: AbortSignal,
): Promise<void> {
  const { id } = subject
  const server = seen.servers.get(shard)
  const uid = (server?.kind === 'seen' ? server.value.uid : undefined) ?? ''
  const names = { schema: schemaOf(id), role: roleOf(id), retainedSchema: retainedSchemaOf(id) }
  await tenants.drop({ ...names, uid, shard }, signal)
}

async function releaseGrants(platform: Platform, { subject, seen }: PurgeWork, signal: AbortSignal): Promise<void> {
  const { grants, baseDomain, quarantineMs, clock } = platform
  const uid = seen.registry.kind === 'seen' ? seen.registry.value.uid : undefined
  if (uid === undefined) return
  const ownHost = tenantHost(subject.name, baseDomain)
  await grants.release({ uid, ownHost }, { capacity: 0, quarantineMs, nowMs: clock.now() }, signal)
  await grants.forget(uid, signal)
}
