// identity: everything that is said to Keycloak, and the keys that issuers publish. Nothing here knows of tenants' objects.
export { createKeycloak } from './keycloak/client.ts'
export { KeycloakFault, KeycloakUnreachable } from './keycloak/fault.ts'
export { createHttp } from './keycloak/http.ts'
export type { Http, HttpCall, HttpOptions, HttpResult } from './keycloak/http.ts'
export type { Entry, Fields, FlowExecution, Keycloak, RealmAdmin, SeenIdentityProvider } from './keycloak/keycloak.ts'
export { keycloakOptions, keycloakShards, openKeycloaks, readKeycloakSecrets } from './keycloak/options.ts'
export type { KeycloakOptions, KeycloaksParts } from './keycloak/options.ts'
export { flatten as flattenFlow } from './keycloak/settings-calls.ts'
export { KeycloakNotConfigured, createSharded } from './keycloak/shards.ts'
export type { ShardedOptions } from './keycloak/shards.ts'
export { operatorClient, operatorClientId, operatorRoles } from './keycloak/operator-client.ts'
export {
  clientRepresentation,
  componentRepresentation,
  executionRepresentation,
  identityProviderRepresentation,
  realmRepresentation,
} from './keycloak/schema.ts'
export type {
  ClientRepresentation,
  ClientScopeRepresentation,
  ComponentRepresentation,
  ExecutionRepresentation,
  RealmRepresentation,
  RoleRepresentation,
  UserRepresentation,
} from './keycloak/schema.ts'
export { checkKeys } from './keys/jwks.ts'
export type { CheckedKeys } from './keys/jwks.ts'
export { FetchRefused, createGuardedFetch } from './keys/guarded-fetch.ts'
export type { FetchLimits, GuardedAnswer, GuardedFetch, GuardedFetchOptions } from './keys/guarded-fetch.ts'
export { freshnessOf } from './keys/freshness.ts'
export type { Freshness, KeysLife } from './keys/freshness.ts'
