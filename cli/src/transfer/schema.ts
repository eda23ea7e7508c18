import type { KnownTenant, OwnedSchema } from '@bulkhead/database'
import { parseTenantId, retainedSchemaOf, schemaOf } from '@bulkhead/tenancy'

/** The schema of one incarnation, and whose it must be. */
export function ownedSchema({ id, uid, retainedAtMs }: KnownTenant): OwnedSchema {
  const tenantId = parseTenantId(id)
  if (tenantId === undefined) throw new Error(`The registry holds "${id}", which is no tenant's id`)
  return { uid, schema: retainedAtMs === undefined ? schemaOf(tenantId) : retainedSchemaOf(tenantId) }
}
