import type {
  ClientFields,
  ComponentFields,
  IdentityProviderFields,
  MapperFields,
  RequiredActionFields,
  ScopeFields,
  UserFields,
} from './representations.ts'

// Everything the double knows. What a map holds is never changed, only replaced, so that realms share what is built in.
export type Mapper = MapperFields & { readonly id: string }

export type Scope = Omit<ScopeFields, 'protocolMappers'> & {
  readonly id: string
  readonly protocolMappers: readonly Mapper[]
}

type Switch =
  | 'enabled'
  | 'publicClient'
  | 'bearerOnly'
  | 'standardFlowEnabled'
  | 'implicitFlowEnabled'
  | 'directAccessGrantsEnabled'
  | 'serviceAccountsEnabled'
  | 'fullScopeAllowed'

export type Client = Omit<
  ClientFields,
  Switch | 'protocolMappers' | 'defaultClientScopes' | 'optionalClientScopes' | 'attributes'
> &
  Readonly<Record<Switch, boolean>> & {
    readonly id: string
    readonly clientId: string
    readonly attributes: Readonly<Record<string, string>>
    readonly protocolMappers: readonly Mapper[]
    /** Names of client scopes. */
    readonly defaultClientScopes: readonly string[]
    readonly optionalClientScopes: readonly string[]
    /** Ids of the roles that may stand in its tokens where it has no full scope. */
    readonly scopeRoles: ReadonlySet<string>
  }

export interface Role {
  readonly id: string
  readonly name: string
  readonly description?: string | undefined
  /** The internal id of the client that defines it; undefined: the realm does. */
  readonly clientId: string | undefined
  /** Ids of the roles that come with it. */
  readonly composites: readonly string[]
}

export type User = Omit<UserFields, 'credentials' | 'realmRoles' | 'clientRoles' | 'groups'> & {
  readonly id: string
  readonly username: string
  readonly enabled: boolean
  readonly requiredActions: readonly string[]
  readonly createdTimestamp: number
  /** Opens nothing here; that it is the one which was given can be seen. */
  readonly password: string | undefined
  /** The internal id of the client whose service account it is. */
  readonly accountOf: string | undefined
  /** Ids of the roles that were given to it. */
  readonly roles: ReadonlySet<string>
}

export type Component = ComponentFields & {
  readonly id: string
  /** The how-manieth of its realm it is. */ readonly ordinal: number
}
export type IdentityProvider = IdentityProviderFields & { readonly internalId: string }

/** One step of a login flow, or a flow in it. */
export interface Execution {
  readonly id: string
  readonly requirement: string
  readonly provider: string | undefined
  /** The alias of the flow that stands here. */
  readonly flow: string | undefined
}

export interface RealmSettings {
  readonly realm: string
  readonly enabled: boolean
  readonly accessTokenLifespan: number
  readonly passwordPolicy?: string | undefined
  readonly attributes: Readonly<Record<string, string>>
  readonly [field: string]: unknown
}

export interface Realm {
  readonly id: string
  settings: RealmSettings
  readonly clients: Map<string, Client>
  readonly scopes: Map<string, Scope>
  readonly roles: Map<string, Role>
  readonly users: Map<string, User>
  readonly components: Map<string, Component>
  readonly identityProviders: Map<string, IdentityProvider>
  readonly requiredActions: Map<string, RequiredActionFields>
  readonly groups: Map<string, string>
  /** The flows that were made beside the built-in ones, by alias; what the double's logins do not need. */
  readonly flows: Map<string, readonly Execution[]>
  /** Ids of the scopes that every new client gets. */
  readonly defaultScopes: Set<string>
  readonly optionalScopes: Set<string>
}

export interface State {
  /** Without a path. */
  readonly url: string
  readonly realms: Map<string, Realm>
  readonly now: () => number
  /** The same ids in the same order in every run. */
  readonly newId: () => string
}

/** A maker of ids that look like Keycloak's and come in a fixed order. */
export function createIds(): () => string {
  let last = 0
  return () => {
    last += 1
    return `00000000-0000-4000-8000-${last.toString(16).padStart(12, '0')}`
  }
}

/** The one of that `clientId`. */
export function clientNamed(realm: Realm, clientId: string): Client | undefined {
  for (const client of realm.clients.values()) if (client.clientId === clientId) return client
  return undefined
}

/** The realm's role of that name, or the client's. */
export function roleNamed(realm: Realm, name: string, clientId?: string): Role | undefined {
  for (const role of realm.roles.values()) if (role.name === name && role.clientId === clientId) return role
  return undefined
}

/** The service account of a client. */
export function accountOf(realm: Realm, clientId: string): User | undefined {
  for (const user of realm.users.values()) if (user.accountOf === clientId) return user
  return undefined
}
