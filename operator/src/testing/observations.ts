import { componentRepresentation, realmRepresentation } from '@bulkhead/identity'
import type { ComponentRepresentation } from '@bulkhead/identity'
import type { SeenObject, WantedObject } from '../kubernetes/wanted-object.ts'
import { latestVersion, roleConfig } from '@bulkhead/database'
import { firstKey } from '../walls/identity/keys/components.ts'
import { newRegistrationPolicies, registrationPolicyType } from '../walls/identity/realm/registration.ts'
import type { Observed } from '../tenant/observed.ts'
import type { Wanted } from '../tenant/wanted.ts'

type SeenOf<K extends keyof Observed> = Extract<Observed[K], { kind: 'seen' }>['value']

export const seen = <T>(value: T) => ({ kind: 'seen', value }) as const
export const absent: SeenObject = { kind: 'absent' }
export const foreign: SeenObject = { kind: 'foreign' }

/** The object exactly as it is wanted. */
export function own({ body }: WantedObject): SeenObject {
  const metadata = { ...body.metadata, uid: 'x', resourceVersion: '7' }
  return { kind: 'own', object: { ...body, metadata } }
}

const ownSecret: SeenObject = { kind: 'own', object: { metadata: { name: 's' } } }
export const jwks = '{"keys":[]}'

export function grantsOf({ grants: { claim } }: Wanted): SeenOf<'grants'> {
  const { hosts, guaranteed } = claim
  const issuer = { granted: claim.issuer, isRefused: false, take: false, release: [] }
  return { hosts, guaranteed, refusedHosts: [], missing: 0, take: [], release: [], issuer, changes: false }
}

export function namespaceAsWanted({ namespace }: Wanted): Extract<SeenOf<'namespace'>, { kind: 'own' }> {
  return {
    kind: 'own',
    namespace: own(namespace.namespace),
    binding: own(namespace.binding),
    objects: namespace.objects.map(own),
    invitation: ownSecret,
  }
}

/** When the sample's signing key was made, and looked at. */
const keySeconds = 1_790_000_000
const none = { instances: [], wanted: [], kept: [], problems: [] }

function componentsOf({ rotation }: Wanted['identity']): readonly ComponentRepresentation[] {
  const policies = newRegistrationPolicies().map((fields) => ({ ...fields, providerType: registrationPolicyType }))
  const all = [firstKey(keySeconds, rotation.request), ...policies]
  return all.map((fields, index) => componentRepresentation.parse({ ...fields, id: `component-${index}` }))
}

export function openRealm({ identity }: Wanted, changes: object = {}): SeenOf<'identity'> {
  const realm = realmRepresentation.parse({ realm: identity.realm, ...identity.settings, ...changes })
  const audience = { scope: 'as-wanted', scopeId: 'scope', isDefault: true } as const
  const inside = { components: componentsOf(identity), driftedFlows: [], openUnusedClient: undefined, federation: none }
  const open = { ...inside, kind: 'open', realm, audience, isAdminAwaited: true, atSeconds: keySeconds } as const
  return { secret: ownSecret, realm: open, keys: { ok: true, jwks } }
}

/** Every schema has the newest version, or gets it when it is made. */
export const settledPlan = { version: latestVersion, newest: latestVersion, known: latestVersion, hindrance: undefined }

export function databaseAsWanted({ database }: Wanted): SeenOf<'database'> {
  return {
    secret: ownSecret,
    role: {
      kind: 'own',
      ...database.settings,
      hasSessions: false,
      isPlain: true,
      config: roleConfig(database.tenant.schema),
    },
    schema: { kind: 'own', version: latestVersion },
    retained: { kind: 'absent' },
    password: 'good',
    plan: settledPlan,
  }
}

/** Everything as it should be. */
export function allAsWanted(wanted: Wanted): Observed {
  return {
    grants: seen(grantsOf(wanted)),
    namespace: seen(namespaceAsWanted(wanted)),
    identity: seen(openRealm(wanted)),
    database: seen(databaseAsWanted(wanted)),
  }
}

/** Nothing at all yet. */
export function nothingYet(wanted: Wanted): Observed {
  return {
    grants: seen({ ...grantsOf(wanted), take: wanted.grants.claim.hosts, changes: true }),
    namespace: seen({ kind: 'absent' }),
    identity: seen({ secret: absent, realm: { kind: 'absent' }, keys: undefined }),
    database: seen({
      secret: absent,
      role: { kind: 'absent' },
      schema: { kind: 'absent' },
      retained: { kind: 'absent' },
      password: 'good',
      plan: settledPlan,
    }),
  }
}
