import { z } from 'zod'

// What we read of Keycloak's representations; everything else in them is not ours and passes by unread.
const attributes = z.record(z.string(), z.string()).default({})

const flag = z.boolean().optional()
const figure = z.int().optional()

export const realmRepresentation = z.object({
  realm: z.string(),
  enabled: z.boolean().default(true),
  displayName: z.string().default(''),
  ...{ sslRequired: z.string().default(''), browserFlow: z.string().optional(), passwordPolicy: z.string().optional() },
  ...{ defaultSignatureAlgorithm: z.string().optional(), bruteForceStrategy: z.string().optional() },
  ...{ registrationAllowed: flag, bruteForceProtected: flag, permanentLockout: flag, adminPermissionsEnabled: flag },
  ...{ eventsEnabled: flag, adminEventsEnabled: flag, adminEventsDetailsEnabled: flag, revokeRefreshToken: flag },
  ...{ offlineSessionMaxLifespanEnabled: flag, userManagedAccessAllowed: flag },
  ...{ accessTokenLifespan: figure, accessTokenLifespanForImplicitFlow: figure, refreshTokenMaxReuse: figure },
  ...{ ssoSessionIdleTimeout: figure, ssoSessionMaxLifespan: figure, clientSessionIdleTimeout: figure },
  ...{ clientSessionMaxLifespan: figure, offlineSessionIdleTimeout: figure, offlineSessionMaxLifespan: figure },
  ...{ ssoSessionIdleTimeoutRememberMe: figure, ssoSessionMaxLifespanRememberMe: figure, failureFactor: figure },
  ...{ maxFailureWaitSeconds: figure, waitIncrementSeconds: figure, minimumQuickLoginWaitSeconds: figure },
  ...{ quickLoginCheckMilliSeconds: figure, maxDeltaTimeSeconds: figure, eventsExpiration: figure },
  attributes,
})
export type RealmRepresentation = z.infer<typeof realmRepresentation>

export const protocolMapper = z.object({
  name: z.string(),
  protocol: z.string().default('openid-connect'),
  protocolMapper: z.string(),
  config: z.record(z.string(), z.string()).default({}),
})

export const clientScopeRepresentation = z.object({
  id: z.string(),
  name: z.string(),
  protocolMappers: z.array(protocolMapper).default([]),
})
export type ClientScopeRepresentation = z.infer<typeof clientScopeRepresentation>

export const clientRepresentation = z.object({
  id: z.string(),
  clientId: z.string(),
  name: z.string().default(''),
  description: z.string().default(''),
  enabled: z.boolean(),
  secret: z.string().default(''),
  publicClient: z.boolean().default(false),
  standardFlowEnabled: z.boolean().default(false),
  implicitFlowEnabled: z.boolean().default(false),
  directAccessGrantsEnabled: z.boolean().default(false),
  serviceAccountsEnabled: z.boolean().default(false),
  fullScopeAllowed: z.boolean().default(true),
  defaultClientScopes: z.array(z.string()).default([]),
  optionalClientScopes: z.array(z.string()).default([]),
  protocolMappers: z.array(protocolMapper).default([]),
  attributes,
})
export type ClientRepresentation = z.infer<typeof clientRepresentation>

export const roleRepresentation = z.object({ id: z.string(), name: z.string() })
export type RoleRepresentation = z.infer<typeof roleRepresentation>

export const userRepresentation = z.object({
  id: z.string(),
  username: z.string(),
  enabled: z.boolean().default(true),
  requiredActions: z.array(z.string()).default([]),
})
export type UserRepresentation = z.infer<typeof userRepresentation>

export const componentRepresentation = z.object({
  id: z.string(),
  name: z.string().default(''),
  providerId: z.string(),
  providerType: z.string(),
  subType: z.string().optional(),
  config: z.record(z.string(), z.array(z.string())).default({}),
})
export type ComponentRepresentation = z.infer<typeof componentRepresentation>

export const executionRepresentation = z.object({
  id: z.string(),
  level: z.int(),
  requirement: z.string(),
  displayName: z.string().default(''),
  providerId: z.string().optional(),
  authenticationFlow: z.boolean().default(false),
})
export type ExecutionRepresentation = z.infer<typeof executionRepresentation>

export const identityProviderRepresentation = z.object({
  alias: z.string(),
  providerId: z.string(),
  displayName: z.string().default(''),
  enabled: z.boolean().default(true),
  trustEmail: z.boolean().default(false),
  storeToken: z.boolean().default(false),
  addReadTokenRoleOnCreate: z.boolean().default(false),
  linkOnly: z.boolean().default(false),
  authenticateByDefault: z.boolean().default(false),
  hideOnLogin: z.boolean().default(false),
  firstBrokerLoginFlowAlias: z.string().default(''),
  postBrokerLoginFlowAlias: z.string().default(''),
  config: z.record(z.string(), z.string()).default({}),
})
export type IdentityProviderRepresentation = z.infer<typeof identityProviderRepresentation>
