import type { Tenant } from '@bulkhead/crds'
import type { DatabaseTenant, RoleSettings } from '@bulkhead/database'
import { apiGroup, databaseSecretOf, retainedSchemaOf, roleOf, schemaOf } from '@bulkhead/tenancy'
import type { Owner } from '../owner.ts'
import type { WantedPlacement } from '../placement.ts'
import type { Subject } from './rollout.ts'

/** On a Tenant whose migration failed: another value has it tried again. */
export const retryMigrationAnnotation = `${apiGroup}/retry-migration`

/** The role and the schema that a tenant is to have. */
export interface WantedDatabase {
  readonly tenant: DatabaseTenant
  readonly settings: RoleSettings
  readonly secretName: string
  /** The Postgres that holds it, and why there may be none. */
  readonly placement: WantedPlacement
  /** Whose turn it is for a new version. */
  readonly rollout: Subject
}

export function wantDatabase(owner: Owner, { spec, metadata }: Pick<Tenant, 'spec' | 'metadata'>): WantedDatabase {
  return {
    tenant: databaseTenantOf(owner),
    settings: { canLogin: !spec.suspended, connectionLimit: spec.database.connectionLimit },
    secretName: databaseSecretOf(owner.id),
    placement: { kind: 'open' },
    rollout: {
      ...{ id: owner.id, channel: spec.database.channel },
      request: metadata.annotations?.[retryMigrationAnnotation],
    },
  }
}

/** The tenant's part of the database, by its id; `shard` where it is known where that is. */
export function databaseTenantOf({ id, uid }: Owner, shard?: string): DatabaseTenant {
  return { uid, schema: schemaOf(id), role: roleOf(id), retainedSchema: retainedSchemaOf(id), shard }
}
