import type { Problem, Tenant } from '@bulkhead/crds'
import type { RetainedRecord } from '@bulkhead/database'
import { isAlreadyExists, isNotFound } from '@bulkhead/runtime'
import { databaseSecretOf, ownerLabels, parseTenantId, realmOf, realmSecretOf } from '@bulkhead/tenancy'
import { secretKind } from '../kubernetes/kinds.ts'
import { seeObject } from '../kubernetes/wanted-object.ts'
import { fieldManager } from '../parts.ts'
import type { Parts } from '../parts.ts'
import { databaseTenantOf } from '../walls/database/wanted.ts'
import { isRealmOf, ownerAttribute } from '../walls/identity/realm.ts'
import type { Owner } from '../walls/owner.ts'
import { findSystemSecret, unless } from '../walls/system-secrets.ts'
import { keepStranded } from './stranded.ts'

/** What became of `spec.adopt`. */
export type Adoption =
  /** All of it is this Tenant's; its hosts were the former one's. */
  | { readonly kind: 'done'; readonly formerUid: string }
  /** Nothing may be built: an empty tenant would stand where the retained one belongs. */
  | { readonly kind: 'refused'; readonly problem: Problem }

/**
 * Takes up what a deleted Tenant of the same name left: reserves it for this one, then gives its realm, its secrets and
 * its schema the new names and the new owner. Each step sees whether it was done before.
 */
export async function adopt(
  parts: Parts,
  { spec }: Tenant,
  owner: Owner,
  signal: AbortSignal,
): Promise<Adoption | undefined> {
  if (spec.adopt === undefined) return undefined
  const { id } = spec.adopt
  const found = (await parts.retained.find(id, signal)) ?? (await keepStranded(parts, { spec }, owner, signal))
  // Whose it is stays unsaid: a wrong name reads like nothing at all.
  if (found?.name !== owner.name) return refused(`Nothing of a deleted tenant "${owner.name}" is kept under "${id}"`)
  const record = await parts.retained.reserve(id, owner.uid, signal)
  if (record?.isPurged === true) return refused(`What is kept under "${id}" is being removed for good`)
  if (record?.adoptedBy !== owner.uid) return refused(`What is kept under "${id}" was taken up by another Tenant`)
  if (record.adoptedAtMs === undefined) {
    await takeUp(parts, record, owner, signal)
    await parts.retained.finish(id, parts.clock.now(), signal)
    parts.logger.info({ tenant: owner.name, adopted: id }, 'retained data taken up')
  }
  return { kind: 'done', formerUid: record.uid }
}

function refused(message: string): Adoption {
  return { kind: 'refused', problem: { reason: 'NothingToAdopt', field: 'spec.adopt.id', message } }
}

async function takeUp(parts: Parts, record: RetainedRecord, owner: Owner, signal: AbortSignal): Promise<void> {
  const id = parseTenantId(record.id)
  if (id === undefined) throw new Error(`Cannot adopt "${record.id}": it is no tenant id`)
  const former: Owner = { name: owner.name, id, uid: record.uid }
  // The account's secret comes before the realm, so that it opens what it finds.
  await moveSecret(parts, former, owner, signal)
  await moveRealm(parts, former, owner, signal)
  // The schema stays on the server where it is, and so will this Tenant.
  await parts.databases.adopt(databaseTenantOf(former, record.databaseShard), databaseTenantOf(owner), signal)
  for (const name of [realmSecretOf(former.id), databaseSecretOf(former.id)]) {
    await removeSecret(parts, name, former, signal)
  }
  await parts.registry.forget(former.uid, signal)
}

async function moveSecret(parts: Parts, former: Owner, owner: Owner, signal: AbortSignal): Promise<void> {
  const found = await findSystemSecret(parts, realmSecretOf(former.id), signal)
  if (seeObject(found, former.uid).kind !== 'own') return
  const { systemNamespace: namespace } = parts.settings
  const metadata = { name: realmSecretOf(owner.id), namespace, labels: ownerLabels(owner) }
  const body = { metadata, type: 'Opaque', data: found?.['data'] }
  await unless(isAlreadyExists, parts.kubernetes.create(secretKind, body, { fieldManager, signal }))
}

async function moveRealm({ keycloak }: Parts, former: Owner, owner: Owner, signal: AbortSignal): Promise<void> {
  const realm = await keycloak.findRealm(realmOf(former), signal)
  if (realm === undefined || !isRealmOf(realm, former.uid)) return
  await keycloak.renameRealm(realmOf(former), realmOf(owner), { [ownerAttribute]: owner.uid }, signal)
}

async function removeSecret(parts: Parts, name: string, former: Owner, signal: AbortSignal): Promise<void> {
  if (seeObject(await findSystemSecret(parts, name, signal), former.uid).kind !== 'own') return
  const ref = { kind: secretKind, namespace: parts.settings.systemNamespace, name }
  await unless(isNotFound, parts.kubernetes.delete(ref, { signal }))
}
