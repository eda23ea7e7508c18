import { z } from 'zod'
import { KeycloakFault } from './fault.ts'
import type { HttpCall, HttpResult } from './http.ts'
import type { Fields, RealmAdmin } from './keycloak.ts'
import {
  clientRepresentation,
  clientScopeRepresentation,
  realmRepresentation,
  roleRepresentation,
  userRepresentation,
} from './schema.ts'
import type { ClientRepresentation, RoleRepresentation } from './schema.ts'
import { componentCalls, flowCalls, providerCalls } from './settings-calls.ts'

// Made once: to make a schema costs many times what it costs to use it.
const userList = z.array(userRepresentation)
const scopeList = z.array(clientScopeRepresentation)
const clientList = z.array(clientRepresentation)
const roleList = z.array(roleRepresentation)
const named = z.array(z.object({ id: z.string(), name: z.string() }))
const identified = z.array(z.object({ id: z.string() }))

/** A call inside one realm; the token and the realm's own path are added by the caller's side. */
export type RealmCall = Pick<HttpCall, 'method' | 'path' | 'query'> & {
  readonly doing: string
  readonly body?: unknown
}
export type CallRealm = (call: RealmCall) => Promise<HttpResult>

/** The administration of a realm over `call`. */
export function createRealmAdmin(call: CallRealm): RealmAdmin {
  return {
    ...realmCalls(call),
    ...scopeCalls(call),
    ...clientCalls(call),
    ...roleCalls(call),
    ...managementCalls(call),
    ...componentCalls(call),
    ...flowCalls(call),
    ...providerCalls(call),
  }
}

function realmCalls(call: CallRealm): Pick<RealmAdmin, 'realm' | 'updateRealm' | 'findUser'> {
  return {
    realm: async () => realmRepresentation.parse((await call({ doing: 'read realm', method: 'GET', path: [] })).body),
    updateRealm: async (fields) => {
      await call({ doing: 'update realm', method: 'PUT', path: [], body: fields })
    },
    findUser: async (username) => {
      const query = { username, exact: 'true' }
      const { body } = await call({ doing: 'find user', method: 'GET', path: ['users'], query })
      return userList.parse(body)[0]
    },
  }
}

type ScopeCalls = Pick<
  RealmAdmin,
  'clientScopes' | 'createClientScope' | 'replaceMappers' | 'defaultScopes' | 'addDefaultScope'
>

function scopeCalls(call: CallRealm): ScopeCalls {
  const scopes = 'client-scopes'
  const defaults = async () => {
    const path = ['default-default-client-scopes']
    return named.parse((await call({ doing: 'list default-scopes', method: 'GET', path })).body)
  }
  return {
    clientScopes: async () => {
      const { body } = await call({ doing: 'list scopes', method: 'GET', path: [scopes] })
      return scopeList.parse(body)
    },
    createClientScope: async (fields) => {
      const made = await call({ doing: 'create scope', method: 'POST', path: [scopes], body: fields })
      return required(made.createdId, 'the new client scope')
    },
    replaceMappers: async (scopeId, mappers) => {
      const models = [scopes, scopeId, 'protocol-mappers', 'models']
      const { body } = await call({ doing: 'list mappers', method: 'GET', path: models })
      for (const { id } of named.parse(body)) {
        await call({ doing: 'delete mapper', method: 'DELETE', path: [...models, id] })
      }
      for (const mapper of mappers) await call({ doing: 'create mapper', method: 'POST', path: models, body: mapper })
    },
    defaultScopes: async () => (await defaults()).map(({ name }) => name),
    addDefaultScope: async (scopeId) => {
      const path = ['default-default-client-scopes', scopeId]
      await taken(call({ doing: 'add default-scope', method: 'PUT', path }), async () => {
        return (await defaults()).some(({ id }) => id === scopeId)
      })
    },
  }
}

type ClientCalls = Pick<
  RealmAdmin,
  | 'findClient'
  | 'findClients'
  | 'createClient'
  | 'updateClient'
  | 'deleteClient'
  | 'setClientScopes'
  | 'serviceAccount'
  | 'enableUser'
>

function clientCalls(call: CallRealm): ClientCalls {
  const findClient: ClientCalls['findClient'] = async (clientId) => {
    const { body } = await call({ doing: 'find client', method: 'GET', path: ['clients'], query: { clientId } })
    return z
      .array(clientRepresentation)
      .parse(body)
      .find((client) => client.clientId === clientId)
  }
  return {
    findClient,
    findClients: (prefix) => findClients(call, prefix),
    createClient: (fields) =>
      taken(call({ doing: 'create client', method: 'POST', path: ['clients'], body: fields }), async () => {
        return (await findClient(String(fields['clientId']))) !== undefined
      }),
    updateClient: async (id, fields) => {
      await call({ doing: 'update client', method: 'PUT', path: ['clients', id], body: fields })
    },
    deleteClient: async (id) => {
      await absent(call({ doing: 'delete client', method: 'DELETE', path: ['clients', id] }), 'client')
    },
    setClientScopes: (client, names) => setClientScopes(call, client, names),
    serviceAccount: async (id) => {
      const path = ['clients', id, 'service-account-user']
      return userRepresentation.parse((await call({ doing: 'read service-account', method: 'GET', path })).body)
    },
    enableUser: async (id) => {
      await call({ doing: 'enable user', method: 'PUT', path: ['users', id], body: { enabled: true } })
    },
  }
}

const clientsPerPage = 200

async function findClients(call: CallRealm, prefix: string): Promise<readonly ClientRepresentation[]> {
  const found: ClientRepresentation[] = []
  for (let first = 0; ; first += clientsPerPage) {
    // Keycloak searches for the text anywhere in the id.
    const query = { clientId: prefix, search: 'true', first: String(first), max: String(clientsPerPage) }
    const { body } = await call({ doing: 'list clients', method: 'GET', path: ['clients'], query })
    const page = clientList.parse(body)
    found.push(...page.filter(({ clientId }) => clientId.startsWith(prefix)))
    if (page.length < clientsPerPage) return found
  }
}

// All that is wanted is known before anything changes, and is added before anything is taken away: whatever ends this in
// between, no client is left with less than it had and should have.
async function setClientScopes(call: CallRealm, client: ClientRepresentation, names: readonly string[]): Promise<void> {
  const { body } = await call({ doing: 'list scopes', method: 'GET', path: ['client-scopes'] })
  const all = scopeList.parse(body)
  const idOf = (name: string): string => {
    return required(all.find((scope) => scope.name === name)?.id, `the client scope "${name}"`)
  }
  const { optionalClientScopes: optional, defaultClientScopes: given } = client
  const added = without(names, given)
  const changes = [
    // Keycloak adds none that the client has as an optional one, and says nothing.
    ...added
      .filter((name) => optional.includes(name))
      .map((name) => ['DELETE', 'optional-client-scopes', name] as const),
    ...added.map((name) => ['PUT', 'default-client-scopes', name] as const),
    ...without(optional, added).map((name) => ['DELETE', 'optional-client-scopes', name] as const),
    ...without(given, names).map((name) => ['DELETE', 'default-client-scopes', name] as const),
  ].map(([method, list, name]) => ({ method, path: ['clients', client.id, list, idOf(name)] }))
  for (const change of changes) await call({ doing: 'change client-scopes', ...change })
}

type RoleCalls = Pick<
  RealmAdmin,
  | 'findRole'
  | 'createRole'
  | 'rolesOfUser'
  | 'addRolesToUser'
  | 'removeRolesFromUser'
  | 'rolesInScope'
  | 'addRolesToScope'
  | 'removeRolesFromScope'
>

function roleCalls(call: CallRealm): RoleCalls {
  const ofUser = (id: string) => ['users', id, 'role-mappings', 'realm']
  const ofScope = (id: string) => ['clients', id, 'scope-mappings', 'realm']
  const list = async (path: readonly string[]): Promise<readonly RoleRepresentation[]> =>
    roleList.parse((await call({ doing: 'list role-mappings', method: 'GET', path })).body)
  const change = async (method: 'POST' | 'DELETE', path: readonly string[], roles: Fields[]): Promise<void> => {
    if (roles.length > 0) await call({ doing: 'change role-mappings', method, path, body: roles })
  }
  const findRole: RoleCalls['findRole'] = async (name) => {
    const found = await absent(call({ doing: 'find role', method: 'GET', path: ['roles', name] }), 'role')
    return found === undefined ? undefined : roleRepresentation.parse(found.body)
  }
  return {
    findRole,
    createRole: async (name) => {
      await taken(call({ doing: 'create role', method: 'POST', path: ['roles'], body: { name } }), async () => {
        return (await findRole(name)) !== undefined
      })
    },
    rolesOfUser: (id) => list(ofUser(id)),
    addRolesToUser: (id, roles) => change('POST', ofUser(id), [...roles]),
    removeRolesFromUser: (id, roles) => change('DELETE', ofUser(id), [...roles]),
    rolesInScope: (id) => list(ofScope(id)),
    addRolesToScope: (id, roles) => change('POST', ofScope(id), [...roles]),
    removeRolesFromScope: (id, roles) => change('DELETE', ofScope(id), [...roles]),
  }
}

function managementCalls(call: CallRealm): Pick<RealmAdmin, 'grantManagement'> {
  return {
    grantManagement: async (userId, roles) => {
      const query = { clientId: 'realm-management' }
      const found = await call({ doing: 'find client', method: 'GET', path: ['clients'], query })
      const client = identified.parse(found.body)[0]
      const clientId = required(client?.id, 'the client "realm-management"')
      const { body } = await call({ doing: 'list client-roles', method: 'GET', path: ['clients', clientId, 'roles'] })
      const wanted = z
        .array(roleRepresentation)
        .parse(body)
        .filter((role) => roles.includes(role.name))
      const path = ['users', userId, 'role-mappings', 'clients', clientId]
      await call({ doing: 'change role-mappings', method: 'POST', path, body: wanted })
    },
  }
}

function without(all: readonly string[], removed: readonly string[]): readonly string[] {
  return all.filter((name) => !removed.includes(name))
}

/** A value that must be there; without it Keycloak is not what we believe. */
export function required(value: string | undefined, what: string): string {
  if (value === undefined) throw new Error(`Cannot use ${what}: Keycloak does not know it`)
  return value
}

/** Keycloak's words for what is not there. */
export const notFound = {
  realm: 'Realm not found.',
  role: 'Could not find role',
  client: 'Could not find client',
  component: 'Could not find component',
  flow: 'Flow not found',
  identityProvider: 'HTTP 404 Not Found',
} as const

/**
 * Turns "no such thing" into undefined, when Keycloak says so in its own words: a proxy answers 404 too, and so does
 * Keycloak under a wrong address, and neither proves that something is gone.
 */
export async function absent<T>(answer: Promise<T>, what: keyof typeof notFound): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof KeycloakFault && error.status === 404 && error.detail === notFound[what]) return undefined
    throw error
  }
}

/**
 * Turns "there is one of that name" into a value, when a look shows that there is: Keycloak says conflict of much else too,
 * like of two transactions, or of something inside of what is made.
 */
export async function taken(answer: Promise<unknown>, isThere: () => Promise<boolean>): Promise<'created' | 'taken'> {
  try {
    await answer
    return 'created'
  } catch (error) {
    if (error instanceof KeycloakFault && error.status === 409 && (await isThere())) return 'taken'
    throw error
  }
}
