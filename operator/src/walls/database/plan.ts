import { latestVersion, roleConfig } from '@bulkhead/database'
import type { SeenRole } from '@bulkhead/database'
import { isSame } from '../../kubernetes/sameness.ts'
import type { SeenDatabaseWall } from './observe.ts'
import type { WantedDatabase } from './wanted.ts'

export type DatabaseStep = { readonly wall: 'database' } & (
  | /** Stores the role's password first, then makes or mends role and schema. */ { readonly kind: 'prepare-database' }
  | { readonly kind: 'set-login'; readonly canLogin: boolean }
)

type OwnRole = Extract<SeenRole, { kind: 'own' }>

export function planDatabase(wanted: WantedDatabase, seen: SeenDatabaseWall): readonly DatabaseStep[] {
  return wanted.placement.kind === 'placed' ? planPlaced(wanted, seen) : []
}

function planPlaced(wanted: WantedDatabase, seen: SeenDatabaseWall): readonly DatabaseStep[] {
  const { role, schema, secret } = seen
  const { canLogin } = wanted.settings
  if ([role.kind, schema.kind, secret.kind].includes('foreign')) return []
  if (role.kind === 'own' && !role.isPlain) return canLogin ? [] : planLogin(role, canLogin)
  const hasSchema = schema.kind === 'own' && schema.version === latestVersion
  if (secret.kind !== 'own' || role.kind !== 'own' || !hasSchema || hasRoleDrifted(role, wanted)) {
    return [{ wall: 'database', kind: 'prepare-database' }]
  }
  return planLogin(role, canLogin)
}

// A session from before outlives the login; whatever shut the door, it is ended too.
function planLogin(role: OwnRole, canLogin: boolean): readonly DatabaseStep[] {
  const isAsWanted = role.canLogin === canLogin && (canLogin || !role.hasSessions)
  return isAsWanted ? [] : [{ wall: 'database', kind: 'set-login', canLogin }]
}

function hasRoleDrifted(role: OwnRole, { tenant, settings }: WantedDatabase): boolean {
  return role.connectionLimit !== settings.connectionLimit || !isSame(role.config, roleConfig(tenant.schema))
}
