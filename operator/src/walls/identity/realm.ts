import type { Secret } from '@bulkhead/runtime'
import { operatorClient, operatorClientId, operatorRoles } from '@bulkhead/identity'
import type { ClientScopeRepresentation, Fields, RealmRepresentation } from '@bulkhead/identity'

/** The realm attribute by which the owner is compared before each write. */
export const ownerAttribute = 'bulkhead.dev/tenant-uid'
/** The scope that puts the tenant's audience into the tokens of every client made after it. */
export const audienceScope = 'bulkhead-audience'
/** The first user of each realm, who makes the others. */
export const tenantAdmin = 'tenant-admin'
const tenantAdminRoles = ['manage-users', 'view-users', 'query-users', 'query-groups']
const maxEventAgeSeconds = 7 * 24 * 3600

/** What we keep of a realm; everything else belongs to the tenant. */
export type RealmSettings = Omit<RealmRepresentation, 'realm'>

export interface RealmFacts {
  readonly ownerUid: string
  readonly displayName: string
  readonly enabled: boolean
  readonly accessTokenLifespanSeconds: number
}

export function realmSettings(facts: RealmFacts): RealmSettings {
  return {
    enabled: facts.enabled,
    displayName: facts.displayName,
    sslRequired: 'external',
    registrationAllowed: false,
    bruteForceProtected: true,
    accessTokenLifespan: facts.accessTokenLifespanSeconds,
    eventsEnabled: true,
    adminEventsEnabled: true,
    attributes: { [ownerAttribute]: facts.ownerUid },
  }
}

/** Whose the realm is: an attribute that only its administration can write. */
export function isRealmOf(realm: RealmRepresentation, ownerUid: string): boolean {
  return Object.hasOwn(realm.attributes, ownerAttribute) && realm.attributes[ownerAttribute] === ownerUid
}

/** The settings that are not as wanted, ready to be sent; undefined when all are. */
export function realmDrift(wanted: RealmSettings, seen: RealmRepresentation): Fields | undefined {
  const { attributes: _attributes, ...settings } = wanted
  const actual: Fields = seen
  const drifted = Object.entries(settings).filter(([key, value]) => actual[key] !== value)
  return drifted.length === 0 ? undefined : Object.fromEntries(drifted)
}

/** A whole new realm with our account and the first admin: one call, so that no half of it can be left behind. */
export function newRealm(settings: RealmSettings, secret: Secret<string>, adminPassword: Secret<string>): Fields {
  return {
    ...settings,
    eventsExpiration: maxEventAgeSeconds,
    clients: [operatorClient(secret)],
    users: [
      {
        username: `service-account-${operatorClientId}`,
        enabled: true,
        serviceAccountClientId: operatorClientId,
        clientRoles: { 'realm-management': [...operatorRoles] },
      },
      {
        username: tenantAdmin,
        enabled: true,
        requiredActions: ['UPDATE_PASSWORD'],
        credentials: [{ type: 'password', value: adminPassword.reveal(), temporary: true }],
        clientRoles: { 'realm-management': tenantAdminRoles },
      },
    ],
  }
}

/** The mapper that names the tenant in `aud`. */
export function audienceMapper(audience: string) {
  return {
    name: 'tenant-audience',
    protocol: 'openid-connect',
    protocolMapper: 'oidc-audience-mapper',
    config: {
      'included.custom.audience': audience,
      'access.token.claim': 'true',
      'id.token.claim': 'false',
      'introspection.token.claim': 'true',
    },
  }
}

export function newAudienceScope(audience: string): Fields {
  return {
    name: audienceScope,
    protocol: 'openid-connect',
    attributes: { 'include.in.token.scope': 'false', 'display.on.consent.screen': 'false' },
    protocolMappers: [audienceMapper(audience)],
  }
}

/** Whether the scope does exactly what it is for, and no mapper of somebody else stands in it. */
export function isAudienceScope(scope: ClientScopeRepresentation, audience: string): boolean {
  const wanted = audienceMapper(audience)
  const [mapper, ...others] = scope.protocolMappers
  if (mapper === undefined || others.length > 0) return false
  const config: Readonly<Record<string, string>> = mapper.config
  return (
    mapper.protocolMapper === wanted.protocolMapper &&
    Object.entries(wanted.config).every(([key, value]) => config[key] === value) &&
    config['included.client.audience'] === undefined
  )
}
