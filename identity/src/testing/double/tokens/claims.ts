import { rolesInToken } from './access.ts'
import type { Client, Mapper, Realm, User } from '../model/state.ts'

/** For whom a token is. */
export interface Bearer {
  readonly realm: Realm
  readonly client: Client
  readonly user: User
}

type Claims = Record<string, unknown>
type AddClaims = (claims: Claims, bearer: Bearer, config: Readonly<Record<string, string>>) => void

// What each kind of mapper puts into an access token of a service account. A kind that is not here is refused when
// somebody makes a mapper of it.
const mappers: Readonly<Record<string, AddClaims>> = {
  'oidc-sub-mapper': (claims, { user }) => (claims['sub'] = user.id),
  'oidc-acr-mapper': (claims) => (claims['acr'] = '1'),
  'oidc-audience-mapper': (claims, _bearer, config) => {
    addAudience(claims, config['included.client.audience'] ?? config['included.custom.audience'])
  },
  'oidc-audience-resolve-mapper': (claims, bearer) => {
    for (const { client } of rolesByClient(bearer)) if (client !== bearer.client) addAudience(claims, client.clientId)
  },
  'oidc-usermodel-realm-role-mapper': (claims, bearer, config) => {
    const roles = tokenRoles(bearer).flatMap((role) => (role.clientId === undefined ? [role.name] : []))
    if (roles.length > 0) put(claims, config['claim.name'] ?? 'realm_access.roles', roles)
  },
  'oidc-usermodel-client-role-mapper': (claims, bearer) => {
    for (const { client, roles } of rolesByClient(bearer)) {
      put(claims, ['resource_access', client.clientId, 'roles'], roles)
    }
  },
  'oidc-usermodel-attribute-mapper': (claims, { user }, config) => {
    const from = config['user.attribute'] ?? ''
    const known: Readonly<Record<string, string | undefined>> = { ...user, attributes: undefined } as never
    const value = ownFields.includes(from) ? known[from] : user.attributes?.[from]?.[0]
    if (value !== undefined) put(claims, config['claim.name'] ?? from, value)
  },
  'oidc-usermodel-property-mapper': (claims, { user }, config) => {
    if (config['user.attribute'] === 'emailVerified') put(claims, 'email_verified', user.emailVerified ?? false)
  },
  'oidc-usersessionmodel-note-mapper': (claims, { client }, config) => {
    const notes: Readonly<Record<string, string>> = {
      ...{ clientHost: '127.0.0.1', clientAddress: '127.0.0.1', client_id: client.clientId },
    }
    const value = notes[config['user.session.note'] ?? '']
    if (value !== undefined) put(claims, config['claim.name'] ?? '', value)
  },
  'oidc-hardcoded-claim-mapper': (claims, _bearer, config) => {
    put(claims, config['claim.name'] ?? '', config['claim.value'] ?? '')
  },
  // A service account has nothing for these.
  'oidc-full-name-mapper': () => undefined,
  'oidc-allowed-origins-mapper': () => undefined,
  'oidc-address-mapper': () => undefined,
  'oidc-organization-membership-mapper': () => undefined,
}

const ownFields = ['username', 'email', 'firstName', 'lastName']
// Mappers that do not ask whether they are meant for the access token.
const always = ['oidc-sub-mapper']

/** Whether the double knows what a kind of mapper does. */
export function isKnownMapper(kind: string): boolean {
  return Object.hasOwn(mappers, kind)
}

/** The scopes of a token: the client's own, and what of its optional ones was asked for. */
export function scopesOf({ realm, client }: Bearer, asked: readonly string[]): readonly string[] {
  const chosen = client.optionalClientScopes.filter((name) => asked.includes(name))
  const names = new Set([...client.defaultClientScopes, ...chosen])
  return [...realm.scopes.values()].flatMap(({ name, protocol }) =>
    names.has(name) && protocol === 'openid-connect' ? [name] : [],
  )
}

/** The claims that a token's scopes and its client's own mappers make. */
export function mappedClaims(bearer: Bearer, scopes: readonly string[]): Readonly<Record<string, unknown>> {
  const { realm, client } = bearer
  const inScope = [...realm.scopes.values()].filter((scope) => scopes.includes(scope.name))
  const claims: Claims = {}
  const isLight = client.attributes['client.use.lightweight.access.token.enabled'] === 'true'
  for (const mapper of [...inScope.flatMap((scope) => scope.protocolMappers), ...client.protocolMappers]) {
    if (isForAccessToken(mapper, isLight)) mappers[mapper.protocolMapper]?.(claims, bearer, mapper.config)
  }
  const told = inScope.filter((scope) => scope.attributes['include.in.token.scope'] !== 'false')
  return { ...claims, scope: told.map((scope) => scope.name).join(' ') }
}

function isForAccessToken({ protocolMapper, config }: Mapper, isLight: boolean): boolean {
  if (always.includes(protocolMapper)) return true
  return config[isLight ? 'lightweight.claim' : 'access.token.claim'] === 'true'
}

function tokenRoles({ realm, client, user }: Bearer) {
  return [...rolesInToken(realm, client, user)].flatMap((id) => realm.roles.get(id) ?? [])
}

function rolesByClient(bearer: Bearer) {
  return [...bearer.realm.clients.values()].flatMap((client) => {
    const roles = tokenRoles(bearer).flatMap((role) => (role.clientId === client.id ? [role.name] : []))
    return roles.length === 0 ? [] : [{ client, roles }]
  })
}

// One audience is a text, several are a list.
function addAudience(claims: Claims, audience: string | undefined): void {
  if (audience === undefined || audience === '') return
  const known = [claims['aud'] ?? []].flat()
  if (known.includes(audience)) return
  claims['aud'] = known.length === 0 ? audience : [...known, audience]
}

function put(claims: Claims, name: string | readonly string[], value: unknown): void {
  const path = typeof name === 'string' ? name.split('.') : [...name]
  const last = path.pop()
  let place: Claims = claims
  for (const part of path) {
    const inner = { ...(place[part] as Claims | undefined) }
    place[part] = inner
    place = inner
  }
  if (last !== undefined) place[last] = value
}
