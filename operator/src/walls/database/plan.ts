import { roleConfig } from '@bulkhead/database'
import type { SeenRole, SeenSchema } from '@bulkhead/database'
import { isSame } from '../../kubernetes/sameness.ts'
import type { SeenDatabaseWall } from './observe.ts'
import type { SeenPassword } from './password.ts'
import type { SchemaPlan } from './rollout.ts'
import type { WantedDatabase } from './wanted.ts'

export type DatabaseStep = { readonly wall: 'database' } & (
  | {
      /** Stores the role's password first, then makes or mends role and schema; a new schema begins at the version. */
      readonly kind: 'prepare-database'
      readonly version: number
    }
  | { readonly kind: 'migrate-database'; readonly version: number }
  | { readonly kind: 'set-login'; readonly canLogin: boolean }
  /** Stores a new password first, then gives it to the role. */
  | { readonly kind: 'rotate-password' }
  /** Gives the role the password that is stored. */
  | { readonly kind: 'set-password' }
)

type OwnRole = Extract<SeenRole, { kind: 'own' }>

export function planDatabase(wanted: WantedDatabase, seen: SeenDatabaseWall): readonly DatabaseStep[] {
  return wanted.placement.kind === 'placed' ? planPlaced(wanted, seen) : []
}

function planPlaced(wanted: WantedDatabase, seen: SeenDatabaseWall): readonly DatabaseStep[] {
  const { role, schema, secret, plan } = seen
  const { canLogin } = wanted.settings
  if ([role.kind, schema.kind, secret.kind].includes('foreign')) return []
  if (role.kind === 'own' && !role.isPlain) return canLogin ? [] : planLogin(role, canLogin)
  if (isHopeless(schema, plan)) return []
  if (secret.kind !== 'own' || role.kind !== 'own' || schema.kind !== 'own' || hasRoleDrifted(role, wanted)) {
    return [{ wall: 'database', kind: 'prepare-database', version: plan.version }]
  }
  return [...planLogin(role, canLogin), ...planPassword(seen.password), ...planMigration(schema.version, plan)]
}

function planPassword(password: SeenPassword): readonly DatabaseStep[] {
  if (password === 'good') return []
  return [{ wall: 'database', kind: password === 'due' ? 'rotate-password' : 'set-password' }]
}

function planMigration(from: number, { version }: SchemaPlan): readonly DatabaseStep[] {
  return from < version ? [{ wall: 'database', kind: 'migrate-database', version }] : []
}

/** Whether a schema that is not there cannot be made: what failed is in the oldest version that it may begin at. */
export function isHopeless(schema: SeenSchema, { version, hindrance }: SchemaPlan): boolean {
  return schema.kind !== 'own' && hindrance?.kind === 'failed' && hindrance.version <= version
}

// A session from before outlives the login; whatever shut the door, it is ended too.
function planLogin(role: OwnRole, canLogin: boolean): readonly DatabaseStep[] {
  const isAsWanted = role.canLogin === canLogin && (canLogin || !role.hasSessions)
  return isAsWanted ? [] : [{ wall: 'database', kind: 'set-login', canLogin }]
}

function hasRoleDrifted(role: OwnRole, { tenant, settings }: WantedDatabase): boolean {
  return role.connectionLimit !== settings.connectionLimit || !isSame(role.config, roleConfig(tenant.schema))
}
