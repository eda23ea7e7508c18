import { complaint, refusal } from '../answer.ts'
import { isKnownMapper } from '../tokens/claims.ts'
import { beyondTheDouble } from '../answer.ts'
import { keyProvider } from './built-in.ts'
import { keyProviders } from '../tokens/keys.ts'
import { demandPasswords } from './passwords.ts'
import type { ClientFields, ComponentFields, MapperFields, ScopeFields, UserFields } from './representations.ts'
import { accountOf, clientNamed, roleNamed } from './state.ts'
import type { Client, Component, Mapper, Realm, Role, Scope, State, User } from './state.ts'

// How the things of a realm come to be, whether with the realm or after it.

export function makeMapper({ newId }: State, fields: MapperFields): Mapper {
  if (!isKnownMapper(fields.protocolMapper)) {
    const isReal = /^(oidc|saml)-/.test(fields.protocolMapper)
    throw isReal
      ? beyondTheDouble(`the mapper "${fields.protocolMapper}"`)
      : refusal(404, 'ProtocolMapper provider not found')
  }
  return { consentRequired: false, ...fields, id: fields.id ?? newId() }
}

export function makeScope(state: State, realm: Realm, fields: ScopeFields): Scope {
  if ([...realm.scopes.values()].some((one) => one.name === fields.name))
    throw complaint(409, `Client Scope ${fields.name} already exists`)
  const protocolMappers = fields.protocolMappers.map((mapper) => makeMapper(state, mapper))
  const made: Scope = { ...fields, id: fields.id ?? state.newId(), protocolMappers }
  realm.scopes.set(made.id, made)
  return made
}

interface RoleSeed {
  readonly name: string
  readonly description?: string | undefined
  readonly clientId?: string
  readonly composites?: readonly string[]
}

export function makeRole({ newId }: State, realm: Realm, seed: RoleSeed): Role {
  if (roleNamed(realm, seed.name, seed.clientId) !== undefined)
    throw complaint(409, `Role with name ${seed.name} already exists`)
  const made: Role = { clientId: undefined, composites: [], ...seed, id: newId() }
  realm.roles.set(made.id, made)
  return made
}

const off = {
  ...{ publicClient: false, bearerOnly: false, implicitFlowEnabled: false, directAccessGrantsEnabled: false },
  ...{ serviceAccountsEnabled: false, surrogateAuthRequired: false, alwaysDisplayInConsole: false },
  ...{ consentRequired: false, frontchannelLogout: false },
}
const empty = { redirectUris: [], webOrigins: [], notBefore: 0, nodeReRegistrationTimeout: -1 }
/** The scope that a client with a service account has by itself. */
const accountScope = 'service_account'

/** Makes a client as `POST clients` does, without the service account. */
export function makeClient(state: State, realm: Realm, fields: ClientFields): Client {
  const id = fields.id ?? state.newId()
  const clientId = fields.clientId ?? id
  if (clientNamed(realm, clientId) !== undefined) throw complaint(409, `Client ${clientId} already exists`)
  const ofRealm = (ids: ReadonlySet<string>) =>
    [...realm.scopes.values()].flatMap(({ id, name, protocol }) =>
      ids.has(id) && protocol === 'openid-connect' ? [name] : [],
    )
  const known = new Set([...realm.scopes.values()].map((scope) => scope.name))
  const scopes = fields.defaultClientScopes ?? ofRealm(realm.defaultScopes)
  const made: Client = {
    ...off,
    ...empty,
    ...{ enabled: true, standardFlowEnabled: true, fullScopeAllowed: true, protocol: 'openid-connect' },
    ...{ clientAuthenticatorType: 'client-secret', secret: state.newId(), authenticationFlowBindingOverrides: {} },
    ...defined(fields),
    ...{ id, clientId, attributes: { realm_client: 'false', ...fields.attributes } },
    protocolMappers: (fields.protocolMappers ?? []).map((mapper) => makeMapper(state, mapper)),
    defaultClientScopes: scopes.filter((name) => known.has(name)),
    optionalClientScopes: (fields.optionalClientScopes ?? ofRealm(realm.optionalScopes)).filter((one) =>
      known.has(one),
    ),
    scopeRoles: new Set(),
  }
  realm.clients.set(id, made)
  return made
}

/** Gives a client the account that its tokens speak for, or takes it away. */
export function settleServiceAccount(state: State, realm: Realm, client: Client): void {
  const account = accountOf(realm, client.id)
  if (!client.serviceAccountsEnabled) {
    if (account !== undefined) realm.users.delete(account.id)
    return
  }
  if (account !== undefined) {
    realm.users.set(account.id, { ...account, username: accountName(client) })
    return
  }
  const scopes = new Set([...client.defaultClientScopes, accountScope])
  realm.clients.set(client.id, { ...client, defaultClientScopes: [...scopes] })
  makeUser(
    state,
    realm,
    { username: accountName(client), enabled: true },
    { accountOf: client.id, roles: defaultRoles(realm) },
  )
}

function accountName({ clientId }: Client): string {
  return `service-account-${clientId.toLowerCase()}`
}

/** What every user gets that comes after the realm. */
export function defaultRoles(realm: Realm): readonly string[] {
  const role = roleNamed(realm, `default-roles-${realm.settings.realm.toLowerCase()}`)
  return role === undefined ? [] : [role.id]
}

interface Account {
  readonly accountOf?: string
  /** Ids. */
  readonly roles: readonly string[]
}

export function makeUser(state: State, realm: Realm, fields: UserFields, account: Account): User {
  const username = (fields.username ?? '').toLowerCase()
  if (username === '') throw complaint(400, 'User name is missing')
  if ([...realm.users.values()].some((user) => user.username === username))
    throw complaint(409, 'User exists with same username')
  const { credentials = [], realmRoles: _realmRoles, clientRoles: _clientRoles, groups: _groups, ...kept } = fields
  demandPasswords(realm.settings.passwordPolicy, credentials)
  const actions = credentials.some((one) => one.type === 'password' && one.temporary === true)
    ? ['UPDATE_PASSWORD']
    : []
  const made: User = {
    ...{ emailVerified: false, totp: false, disableableCredentialTypes: [], notBefore: 0 },
    ...{ ...defined(kept), username, enabled: fields.enabled ?? false, createdTimestamp: state.now() },
    ...{ id: fields.id ?? state.newId(), accountOf: account.accountOf, roles: new Set(account.roles) },
    requiredActions: [...new Set([...(fields.requiredActions ?? []), ...actions])],
    password: credentials.at(-1)?.value,
  }
  realm.users.set(made.id, made)
  return made
}

export function makeComponent({ newId }: State, realm: Realm, fields: ComponentFields): Component {
  if (fields.providerType === keyProvider && !keyProviders.includes(fields.providerId))
    throw refusal(400, 'Invalid provider type or no such provider')
  const ordinal = realm.components.size === 0 ? 0 : Math.max(...ordinalsOf(realm)) + 1
  const made: Component = { ...fields, id: fields.id ?? newId(), parentId: fields.parentId ?? realm.id, ordinal }
  realm.components.set(made.id, made)
  return made
}

function ordinalsOf({ components }: Realm): readonly number[] {
  return [...components.values()].map(({ ordinal }) => ordinal)
}

/** The fields that were given. */
export function defined<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never
}
