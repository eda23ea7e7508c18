import { complaint, refusal } from '../answer.ts'
import {
  accountRoles,
  builtInActions,
  builtInClients,
  builtInKeys,
  builtInScopes,
  keyProvider,
  managementRoles,
  registrationPolicies,
  scopeOf,
} from './built-in.ts'
import { defined, makeClient, makeComponent, makeRole, makeScope, makeUser, settleServiceAccount } from './make.ts'
import { realmAttributes, realmDefaults } from './realm-defaults.ts'
import type { NewRealmFields, UserFields } from './representations.ts'
import { accountOf, clientNamed, roleNamed } from './state.ts'
import type { Realm, RealmSettings, State } from './state.ts'

/** Makes a realm of a whole representation, and of nothing of it where one part is refused. */
export function importRealm(state: State, fields: NewRealmFields): Realm {
  const { realm: name } = fields
  if (name === '') throw complaint(400, 'Realm name cannot be empty')
  const bad = /[/?#%]/.exec(name)?.[0]
  if (bad !== undefined) throw refusal(400, `Character '${bad}' not allowed.`)
  if (state.realms.has(name)) throw complaint(409, `Realm ${name} already exists`)
  const realm = emptyRealm(state.newId(), settingsOf(fields))
  addScopes(state, realm, fields)
  addBuiltInClients(state, realm, fields)
  addDefaultRoles(state, realm)
  fields.roles?.realm.forEach((role) => makeRole(state, realm, { name: role.name, description: role.description }))
  fields.groups.forEach((group) => realm.groups.set(group.id ?? state.newId(), group.name))
  addComponents(state, realm, fields)
  addActions(realm, fields)
  addFlows(state, realm, fields)
  for (const one of fields.identityProviders) {
    realm.identityProviders.set(one.alias, { ...one, internalId: state.newId() })
  }
  asDuplicates(() => {
    fields.clients.forEach((client) => makeClient(state, realm, client))
    fields.users.forEach((user) => importUser(state, realm, user))
  })
  for (const client of [...realm.clients.values()]) {
    if (accountOf(realm, client.id) === undefined) settleServiceAccount(state, realm, client)
  }
  state.realms.set(name, realm)
  return realm
}

function emptyRealm(id: string, settings: RealmSettings): Realm {
  return {
    ...{ id, settings, clients: new Map(), scopes: new Map(), roles: new Map(), users: new Map() },
    ...{ components: new Map(), identityProviders: new Map(), requiredActions: new Map(), groups: new Map() },
    flows: new Map(),
    ...{ defaultScopes: new Set(), optionalScopes: new Set() },
  }
}

const parts = ['clients', 'users', 'clientScopes', 'defaultDefaultClientScopes', 'defaultOptionalClientScopes']
const moreParts = ['roles', 'groups', 'components', 'identityProviders', 'requiredActions', 'authenticationFlows', 'id']
/** What stands beside the settings in a whole representation. */
export const realmParts: readonly string[] = [...parts, ...moreParts]

function settingsOf(fields: NewRealmFields): RealmSettings {
  const given = Object.entries(defined(fields)).filter(([name]) => !realmParts.includes(name))
  const { realm, sslRequired = 'external' } = fields
  const attributes = { ...realmAttributes, ...fields.attributes }
  return { ...realmDefaults, ...Object.fromEntries(given), realm, sslRequired: sslRequired.toLowerCase(), attributes }
}

function addScopes(state: State, realm: Realm, fields: NewRealmFields): void {
  const given = fields.clientScopes
  // Whoever names scopes gets those and the one that Keycloak cannot do without.
  const builtIn = given === undefined ? builtInScopes : builtInScopes.filter((one) => one.name === 'offline_access')
  for (const scope of builtIn) {
    const id = state.newId()
    realm.scopes.set(id, scopeOf(scope, id))
    if (scope.given === 'default') realm.defaultScopes.add(id)
    if (scope.given === 'optional') realm.optionalScopes.add(id)
  }
  given?.forEach((scope) => makeScope(state, realm, scope))
  const name = (names: readonly string[] | undefined, ids: Set<string>): void => {
    if (names === undefined) return
    ids.clear()
    for (const { id, name } of realm.scopes.values()) if (names.includes(name)) ids.add(id)
  }
  name(fields.defaultDefaultClientScopes, realm.defaultScopes)
  name(fields.defaultOptionalClientScopes, realm.optionalScopes)
}

function addBuiltInClients(state: State, realm: Realm, { clients }: NewRealmFields): void {
  // Whoever names one of them says what it is.
  const unnamed = builtInClients.filter((one) => !clients.some((client) => client.clientId === one.clientId))
  for (const client of unnamed) makeClient(state, realm, { standardFlowEnabled: false, ...limited, ...client })
  const [account, management] = ['account', 'realm-management'].map((name) => clientNamed(realm, name))
  const add = (clientId: string | undefined, roles: Readonly<Record<string, readonly string[]>>): void => {
    if (clientId === undefined) return
    // Those that come with another are made first.
    for (const [name, parts] of Object.entries(roles).toSorted(([, a], [, b]) => a.length - b.length)) {
      const composites = parts.flatMap((part) => roleNamed(realm, part, clientId)?.id ?? [])
      makeRole(state, realm, { name, clientId, composites })
    }
  }
  add(account?.id, accountRoles)
  add(management?.id, managementRoles)
  add(management?.id, { 'realm-admin': Object.keys(managementRoles) })
}

const limited = { fullScopeAllowed: false }

function addDefaultRoles(state: State, realm: Realm): void {
  const basic = ['offline_access', 'uma_authorization'].map((name) => makeRole(state, realm, { name }).id)
  const account = clientNamed(realm, 'account')?.id
  const ofAccount = ['view-profile', 'manage-account'].flatMap((name) => roleNamed(realm, name, account)?.id ?? [])
  const name = `default-roles-${realm.settings.realm.toLowerCase()}`
  makeRole(state, realm, { name, description: '${role_default-roles}', composites: [...basic, ...ofAccount] })
}

function addComponents(state: State, realm: Realm, { components }: NewRealmFields): void {
  // Whoever gives keys gets those keys and no others.
  const keys = components[keyProvider] === undefined ? { [keyProvider]: builtInKeys } : {}
  for (const [providerType, list] of Object.entries({ ...keys, ...components })) {
    for (const component of list) makeComponent(state, realm, { ...component, providerType })
  }
  for (const policy of registrationPolicies) makeComponent(state, realm, policy)
}

function addFlows({ newId }: State, realm: Realm, { authenticationFlows }: NewRealmFields): void {
  for (const { alias, authenticationExecutions } of authenticationFlows) {
    const executions = authenticationExecutions.toSorted((a, b) => a.priority - b.priority)
    const made = executions.map(({ requirement, authenticator: provider, flowAlias: flow }) => {
      return { id: newId(), requirement, provider, flow }
    })
    realm.flows.set(alias, made)
  }
}

function addActions(realm: Realm, { requiredActions }: NewRealmFields): void {
  const builtIn = builtInActions.map(([alias, name, enabled], index) => ({
    ...{ alias, name, providerId: alias, enabled, defaultAction: false, priority: 10 * (index + 1), config: {} },
  }))
  // Whoever gives actions gets those, and the one that Keycloak always adds.
  const own = requiredActions ?? []
  const added = requiredActions === undefined ? builtIn : builtIn.filter((one) => one.alias === 'delete_account')
  for (const action of [...added, ...own]) realm.requiredActions.set(action.alias, action)
}

function importUser(state: State, realm: Realm, fields: UserFields): void {
  const { serviceAccountClientId, realmRoles = [], clientRoles = {} } = fields
  const client = serviceAccountClientId === undefined ? undefined : clientNamed(realm, serviceAccountClientId)
  if (serviceAccountClientId !== undefined && client === undefined)
    throw refusal(500, 'unknown_error', 'For more on this error consult the server log.')
  const roleIn = (name: string, clientId?: string): string =>
    (roleNamed(realm, name, clientId) ?? makeRole(state, realm, { name, ...(clientId && { clientId }) })).id
  const ofClients = Object.entries(clientRoles).flatMap(([name, roles]) => {
    const id = clientNamed(realm, name)?.id
    if (id === undefined) throw refusal(500, 'unknown_error', 'For more on this error consult the server log.')
    return roles.map((role) => roleIn(role, id))
  })
  const roles = [...realmRoles.map((name) => roleIn(name)), ...ofClients]
  makeUser(state, realm, fields, { roles, ...(client === undefined ? {} : { accountOf: client.id }) })
}

// Inside a realm that is being made, Keycloak does not say what there is twice.
function asDuplicates(work: () => void): void {
  try {
    work()
  } catch (error) {
    if (error instanceof Error && 'answer' in error && error.message.includes('exists'))
      throw complaint(409, 'Duplicate resource error')
    throw error
  }
}
