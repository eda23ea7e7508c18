import type { TenantId } from './names.ts'

/** The Secret of the system namespace with the operator's own account in the tenant's realm. */
export function realmSecretOf(id: TenantId): string {
  return `realm-${id}`
}

/** The Secret of the system namespace with the login of the tenant's Postgres role. */
export function databaseSecretOf(id: TenantId): string {
  return `database-${id}`
}

/** What a schema is called once its tenant was deleted and its data retained. */
export function retainedSchemaOf(id: TenantId): string {
  return `retained_${id}`
}
