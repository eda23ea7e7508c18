import type { Tenant } from '@bulkhead/crds'
import type { Listed, RetainedRecord } from '@bulkhead/database'
import { parseTenantId, realmOf, tenantHost } from '@bulkhead/tenancy'
import type { Parts } from '../parts.ts'
import { databaseTenantOf } from '../walls/database/wanted.ts'
import { termsOf } from '../walls/grants/observe.ts'
import type { Owner } from '../walls/owner.ts'

/**
 * Keeps for adoption what an incarnation of this very name has that was never deleted: its object went with a cluster, and
 * came back with another uid. A name has one object at a time, so nobody lives there. The record comes after what it
 * tells of: by it a second try knows that all of that was done.
 */
export async function keepStranded(
  parts: Parts,
  { spec }: Pick<Tenant, 'spec'>,
  owner: Owner,
  signal: AbortSignal,
): Promise<RetainedRecord | undefined> {
  const former = await findFormer(parts, spec.adopt?.id ?? '', owner, signal)
  if (former === undefined) return undefined
  const { registry, databases, retained, settings, clock, logger } = parts
  const { identityShard, databaseShard, ...rest } = former
  const tenant = databaseTenantOf(former, databaseShard)
  const { schema, role } = await databases.observe(tenant, signal)
  if (schema.kind === 'own' || role.kind === 'own') await databases.retain(tenant, signal)
  const ownHost = tenantHost(owner.name, settings.baseDomain)
  await registry.release({ uid: former.uid, ownHost }, termsOf(parts), signal)
  const realm = spec.identity.type === 'External' ? undefined : realmOf(former)
  const where = { realm, identityShard, databaseShard, schema: tenant.retainedSchema }
  await retained.record({ ...rest, ...where }, clock.now(), signal)
  logger.warn({ tenant: owner.name, stranded: former.id }, 'kept for adoption what stood without its object')
  return retained.find(former.id, signal)
}

type Former = Owner & Pick<Listed, 'identityShard' | 'databaseShard'>

async function findFormer(
  { registry }: Parts,
  text: string,
  owner: Owner,
  signal: AbortSignal,
): Promise<Former | undefined> {
  const id = parseTenantId(text)
  const listed = id === undefined ? undefined : await registry.findListed(id, signal)
  if (id === undefined || listed?.name !== owner.name || listed.uid === owner.uid) return undefined
  return { ...listed, name: owner.name, id }
}
