// keycloak: everything the operator says to Keycloak, and nothing about tenants' objects. This file is the port; client.ts
// answers it over HTTP, and the contract tests run that against a real Keycloak.
import type { Secret } from '@bulkhead/runtime'
import type {
  ClientRepresentation,
  ClientScopeRepresentation,
  ComponentRepresentation,
  ExecutionRepresentation,
  IdentityProviderRepresentation,
  RealmRepresentation,
  RoleRepresentation,
  UserRepresentation,
} from './schema.ts'

/** What we send of a representation: Keycloak changes the fields that are given and leaves the others. */
export type Fields = Readonly<Record<string, unknown>>

/** A step of a login, or a flow of steps inside another. */
export type FlowExecution =
  | { readonly kind: 'step'; readonly provider: string; readonly requirement: Requirement }
  | {
      readonly kind: 'flow'
      readonly alias: string
      readonly requirement: Requirement
      readonly executions: readonly FlowExecution[]
    }
export type Requirement = 'REQUIRED' | 'ALTERNATIVE' | 'DISABLED'

/** The administration of one realm, by the operator's own account inside it. */
export interface RealmAdmin {
  realm(): Promise<RealmRepresentation>
  updateRealm(fields: Fields): Promise<void>
  findUser(username: string): Promise<UserRepresentation | undefined>
  clientScopes(): Promise<readonly ClientScopeRepresentation[]>
  /** Gives the id. */
  createClientScope(fields: Fields): Promise<string>
  replaceMappers(scopeId: string, mappers: readonly Fields[]): Promise<void>
  /** Names of the scopes that every new client gets. */
  defaultScopes(): Promise<readonly string[]>
  addDefaultScope(scopeId: string): Promise<void>
  findClient(clientId: string): Promise<ClientRepresentation | undefined>
  /** All clients whose id begins with a text. */
  findClients(prefix: string): Promise<readonly ClientRepresentation[]>
  createClient(fields: Fields): Promise<'created' | 'taken'>
  updateClient(id: string, fields: Fields): Promise<void>
  /** Deletes the client; one that is gone already is as good. */
  deleteClient(id: string): Promise<void>
  /** Makes the client's scopes exactly these. */
  setClientScopes(client: ClientRepresentation, names: readonly string[]): Promise<void>
  serviceAccount(id: string): Promise<UserRepresentation>
  enableUser(id: string): Promise<void>
  findRole(name: string): Promise<RoleRepresentation | undefined>
  createRole(name: string): Promise<void>
  rolesOfUser(userId: string): Promise<readonly RoleRepresentation[]>
  addRolesToUser(userId: string, roles: readonly RoleRepresentation[]): Promise<void>
  removeRolesFromUser(userId: string, roles: readonly RoleRepresentation[]): Promise<void>
  /** The realm roles that may stand in the client's tokens. */
  rolesInScope(id: string): Promise<readonly RoleRepresentation[]>
  addRolesToScope(id: string, roles: readonly RoleRepresentation[]): Promise<void>
  removeRolesFromScope(id: string, roles: readonly RoleRepresentation[]): Promise<void>
  grantManagement(userId: string, roles: readonly string[]): Promise<void>
  /** Keys, registration policies and whatever else is made of components. */
  components(): Promise<readonly ComponentRepresentation[]>
  createComponent(fields: Fields): Promise<void>
  updateComponent(id: string, fields: Fields): Promise<void>
  /** Deletes the component; one that is gone already is as good. */
  deleteComponent(id: string): Promise<void>
  /** The steps of a login flow with those of the flows in it, or undefined when there is none of that name. */
  flow(alias: string): Promise<readonly ExecutionRepresentation[] | undefined>
  /** Makes a login flow exactly this; while it is being made, nobody logs in by it. */
  replaceFlow(alias: string, executions: readonly FlowExecution[]): Promise<void>
  /** The identity providers, with how many mappers each has. */
  identityProviders(): Promise<readonly SeenIdentityProvider[]>
  createIdentityProvider(fields: Fields): Promise<void>
  updateIdentityProvider(alias: string, fields: Fields): Promise<void>
  /** Deletes the provider; one that is gone already is as good. */
  deleteIdentityProvider(alias: string): Promise<void>
  removeProviderMappers(alias: string): Promise<void>
}

export type SeenIdentityProvider = IdentityProviderRepresentation & { readonly mappers: number }

/** Whether our account may enter a realm. */
export type Entry =
  | { readonly kind: 'open'; readonly admin: RealmAdmin }
  /** No such realm, or a disabled one, or one that does not know our account: only the bootstrap account can tell. */
  | { readonly kind: 'closed' }

/** Keycloak, as the operator needs it. Realm-wide calls use the bootstrap account, and there are only these. */
export interface Keycloak {
  findRealm(realm: string, signal: AbortSignal): Promise<RealmRepresentation | undefined>
  createRealm(realm: string, fields: Fields, signal: AbortSignal): Promise<'created' | 'taken'>
  /** Gives a realm another name and writes attributes of it, both in one call; its other attributes stay. */
  renameRealm(
    from: string,
    to: string,
    attributes: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<void>
  setEnabled(realm: string, enabled: boolean, signal: AbortSignal): Promise<void>
  /** Deletes the realm; one that is gone already is as good. */
  deleteRealm(realm: string, signal: AbortSignal): Promise<void>
  /** Gives the operator its account back where somebody disabled, changed or deleted it. */
  restoreAccount(realm: string, secret: Secret<string>, signal: AbortSignal): Promise<void>
  enter(realm: string, secret: Secret<string>, signal: AbortSignal): Promise<Entry>
  /** What the realm publishes at its keys' address, unchecked. */
  publishedKeys(realm: string, signal: AbortSignal): Promise<unknown>
}
