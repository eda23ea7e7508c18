import { z } from 'zod'

// What we read of Keycloak's representations; everything else in them is not ours and passes by unread.
const attributes = z.record(z.string(), z.string()).default({})

export const realmRepresentation = z.object({
  realm: z.string(),
  enabled: z.boolean().default(true),
  displayName: z.string().default(''),
  sslRequired: z.string().default(''),
  registrationAllowed: z.boolean().default(false),
  bruteForceProtected: z.boolean().default(false),
  accessTokenLifespan: z.int().default(0),
  eventsEnabled: z.boolean().default(false),
  adminEventsEnabled: z.boolean().default(false),
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
