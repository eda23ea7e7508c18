import { isSame, repairOf } from '../kubernetes/wanted-object.ts'
import type { SeenObject, WantedObject } from '../kubernetes/wanted-object.ts'
import { latestVersion, roleConfig } from '@bulkhead/database'
import type { Observed, SeenAudience, SeenIdentity, SeenNamespace } from './observed.ts'
import { realmDrift } from './realm.ts'
import type { Step } from './step.ts'
import type { Wanted } from './wanted.ts'

/**
 * What has to be done next so that the tenant becomes what it should be; nothing when it is. What is foreign gets no
 * step, and neither does a wall that nobody could look at.
 */
export function plan(wanted: Wanted, observed: Observed): readonly Step[] {
  const { grants, namespace, identity, database } = observed
  return [
    ...(grants.kind === 'seen' && grants.value.changes ? [{ wall: 'grants', kind: 'claim' } as const] : []),
    ...(namespace.kind === 'seen' ? planNamespace(wanted, namespace.value, isInviting(observed)) : []),
    ...(identity.kind === 'seen' ? planIdentity(wanted.identity, identity.value) : []),
    ...(database.kind === 'seen' ? planDatabase(wanted.database, database.value) : []),
  ]
}

// An invitation that was used and deleted is not written again.
function isInviting({ identity }: Observed): boolean {
  if (identity.kind !== 'seen' || identity.value.secret.kind !== 'own') return false
  const { realm } = identity.value
  return realm.kind === 'open' && realm.isAdminAwaited
}

function planNamespace(wanted: Wanted, seen: SeenNamespace, invite: boolean): readonly Step[] {
  const { namespace, binding, objects } = wanted.namespace
  switch (seen.kind) {
    case 'foreign':
    case 'terminating':
      return []
    case 'absent':
      return [create(namespace), create(binding)]
    case 'own': {
      const first = [...repair(namespace, seen.namespace), ...repair(binding, seen.binding)]
      if (seen.binding.kind !== 'own') return first
      const seenOf = (index: number) => seen.objects[index] ?? { kind: 'absent' as const }
      const hasWalls = objects.every((object, index) => isDoor(object) || seenOf(index).kind === 'own')
      const isInTurn = (object: WantedObject, index: number) =>
        hasWalls || !isDoor(object) || seenOf(index).kind !== 'absent'
      const rest = objects.flatMap((object, index) => (isInTurn(object, index) ? repair(object, seenOf(index)) : []))
      const invitation: readonly Step[] =
        invite && seen.invitation.kind === 'absent' ? [{ wall: 'namespace', kind: 'store-invitation' }] : []
      return [...first, ...rest, ...invitation]
    }
  }
}

// The admins are let in last: not before the quota and the policies were seen, even when one of them is refused.
function isDoor({ madeFrom }: WantedObject): boolean {
  return madeFrom === 'spec.admins'
}

function create(object: WantedObject): Step {
  return { wall: 'namespace', kind: 'create', object }
}

function repair(object: WantedObject, seen: SeenObject): readonly Step[] {
  const needed = repairOf(object, seen)
  switch (needed.kind) {
    case 'none':
    case 'foreign':
      return []
    case 'create':
      return [create(object)]
    case 'replace':
      return [{ wall: 'namespace', kind: 'replace', object, resourceVersion: needed.resourceVersion }]
    case 'recreate':
      return [{ wall: 'namespace', kind: 'delete', object, uid: needed.uid }, create(object)]
  }
}

function planIdentity(wanted: Wanted['identity'], { realm, secret }: SeenIdentity): readonly Step[] {
  if (secret.kind === 'foreign') return []
  const { enabled } = wanted.settings
  switch (realm.kind) {
    case 'foreign':
      return []
    case 'absent':
      return [{ wall: 'identity', kind: 'create-realm' }]
    case 'disabled':
      return enabled ? [{ wall: 'identity', kind: 'set-enabled', enabled }] : []
    case 'locked':
      return [{ wall: 'identity', kind: 'restore-account' }]
    case 'open': {
      const drift = realmDrift(wanted.settings, realm.realm)
      const audience = planAudience(realm.audience)
      // Last, for a disabled realm lets nobody in any more, us included.
      return drift === undefined ? audience : [...audience, { wall: 'identity', kind: 'update-realm', fields: drift }]
    }
  }
}

function planAudience({ scope, scopeId, isDefault }: SeenAudience): readonly Step[] {
  if (scope === 'absent' || scopeId === undefined) return [{ wall: 'identity', kind: 'create-audience' }]
  const repaired: readonly Step[] = scope === 'drifted' ? [{ wall: 'identity', kind: 'repair-audience', scopeId }] : []
  return isDefault ? repaired : [...repaired, { wall: 'identity', kind: 'default-audience', scopeId }]
}

type DatabaseSeen = Extract<Observed['database'], { kind: 'seen' }>['value']

function planDatabase({ tenant, settings }: Wanted['database'], seen: DatabaseSeen): readonly Step[] {
  const { role, schema, secret } = seen
  const { canLogin } = settings
  if ([role.kind, schema.kind, secret.kind].includes('foreign')) return []
  if (role.kind === 'own' && !role.isPlain) return canLogin ? [] : planLogin(role, canLogin)
  const hasSchema = schema.kind === 'own' && schema.version === latestVersion
  if (secret.kind !== 'own' || role.kind !== 'own' || !hasSchema || hasRoleDrifted(role, { tenant, settings })) {
    return [{ wall: 'database', kind: 'prepare-database' }]
  }
  return planLogin(role, canLogin)
}

// A session from before outlives the login; whatever shut the door, it is ended too.
function planLogin(role: OwnRole, canLogin: boolean): readonly Step[] {
  const isAsWanted = role.canLogin === canLogin && (canLogin || !role.hasSessions)
  return isAsWanted ? [] : [{ wall: 'database', kind: 'set-login', canLogin }]
}

type OwnRole = Extract<DatabaseSeen['role'], { kind: 'own' }>

function hasRoleDrifted(role: OwnRole, { tenant, settings }: Pick<Wanted['database'], 'tenant' | 'settings'>): boolean {
  return role.connectionLimit !== settings.connectionLimit || !isSame(role.config, roleConfig(tenant.schema))
}
