import { z } from 'zod'
import { otherRealmFields } from './realm-defaults.ts'

// The representations that the double reads. A field that is not here is refused, as Keycloak refuses one that it does
// not know: a field that Keycloak does know and that is missing here is to be added, with a test of what it does.
const texts = z.record(z.string(), z.string())
const strings = z.array(z.string())
const flag = z.boolean().optional()
const text = z.string().optional()
const number = z.int().optional()

export const mapperFields = z.strictObject({
  id: text,
  name: z.string(),
  protocol: z.string().default('openid-connect'),
  protocolMapper: z.string(),
  consentRequired: flag,
  config: texts.default({}),
})
export type MapperFields = z.infer<typeof mapperFields>

export const clientFields = z.strictObject({
  ...{ id: text, clientId: text, name: text, description: text, type: text, secret: text, protocol: text },
  ...{ rootUrl: text, adminUrl: text, baseUrl: text, clientAuthenticatorType: text, origin: text },
  ...{ surrogateAuthRequired: flag, enabled: flag, alwaysDisplayInConsole: flag, bearerOnly: flag },
  ...{ consentRequired: flag, standardFlowEnabled: flag, implicitFlowEnabled: flag, directAccessGrantsEnabled: flag },
  ...{ serviceAccountsEnabled: flag, authorizationServicesEnabled: flag, publicClient: flag, frontchannelLogout: flag },
  ...{ fullScopeAllowed: flag, notBefore: number, nodeReRegistrationTimeout: number },
  ...{ redirectUris: strings.optional(), webOrigins: strings.optional() },
  ...{ attributes: texts.optional(), authenticationFlowBindingOverrides: texts.optional() },
  ...{ defaultClientScopes: strings.optional(), optionalClientScopes: strings.optional() },
  ...{ protocolMappers: z.array(mapperFields).optional(), access: z.record(z.string(), z.boolean()).optional() },
})
export type ClientFields = z.infer<typeof clientFields>

export const scopeFields = z.strictObject({
  ...{ id: text, description: text },
  name: z.string(),
  protocol: z.string().default('openid-connect'),
  attributes: texts.default({}),
  protocolMappers: z.array(mapperFields).default([]),
})
export type ScopeFields = z.infer<typeof scopeFields>

export const roleFields = z.strictObject({
  ...{ id: text, description: text, containerId: text, composite: flag, clientRole: flag },
  name: z.string(),
  attributes: z.record(z.string(), strings).optional(),
})

export const credentialFields = z.strictObject({
  ...{ id: text, userLabel: text, temporary: flag },
  type: z.string(),
  value: z.string(),
})

export const userFields = z.strictObject({
  ...{ id: text, username: text, email: text, firstName: text, lastName: text, serviceAccountClientId: text },
  ...{ enabled: flag, emailVerified: flag, totp: flag, createdTimestamp: number, notBefore: number },
  ...{ requiredActions: strings.optional(), realmRoles: strings.optional(), groups: strings.optional() },
  clientRoles: z.record(z.string(), strings).optional(),
  attributes: z.record(z.string(), strings).optional(),
  credentials: z.array(credentialFields).optional(),
  disableableCredentialTypes: strings.optional(),
  federatedIdentities: z.array(z.json()).optional(),
  access: z.record(z.string(), z.boolean()).optional(),
})
export type UserFields = z.infer<typeof userFields>

export const componentFields = z.strictObject({
  ...{ id: text, parentId: text, providerType: text, subType: text },
  name: z.string(),
  providerId: z.string(),
  config: z.record(z.string(), strings).default({}),
  subComponents: z.record(z.string(), z.array(z.json())).optional(),
})
export type ComponentFields = z.infer<typeof componentFields>

export const identityProviderFields = z.strictObject({
  ...{ internalId: text, displayName: text, firstBrokerLoginFlowAlias: text, postBrokerLoginFlowAlias: text },
  ...{ trustEmail: flag, storeToken: flag, linkOnly: flag, addReadTokenRoleOnCreate: flag, hideOnLogin: flag },
  ...{ authenticateByDefault: flag, organizationId: text, updateProfileFirstLoginMode: text },
  alias: z.string(),
  providerId: z.string(),
  enabled: z.boolean().default(true),
  config: texts.default({}),
  types: strings.optional(),
})
export type IdentityProviderFields = z.infer<typeof identityProviderFields>

export const requiredActionFields = z.strictObject({
  alias: z.string(),
  name: z.string(),
  providerId: z.string(),
  enabled: z.boolean().default(false),
  defaultAction: z.boolean().default(false),
  priority: z.int().default(0),
  config: texts.default({}),
})
export type RequiredActionFields = z.infer<typeof requiredActionFields>

const executionFields = z.strictObject({
  ...{ authenticator: text, flowAlias: text, authenticatorFlow: flag, userSetupAllowed: flag, autheticatorFlow: flag },
  requirement: z.string().default('DISABLED'),
  priority: z.int().default(0),
})

export const flowFields = z.strictObject({
  ...{ id: text, description: text, topLevel: flag, builtIn: flag },
  alias: z.string(),
  providerId: z.string().default('basic-flow'),
  authenticationExecutions: z.array(executionFields).default([]),
})
export type FlowFields = z.infer<typeof flowFields>

export const groupFields = z.strictObject({ id: text, name: z.string(), path: text })

const settingsFields = {
  ...{ id: text, realm: text, displayName: text, sslRequired: text, passwordPolicy: text },
  ...{ enabled: flag, accessTokenLifespan: number, attributes: texts.optional() },
}

// A realm has a hundred settings; those that do nothing here are kept as they came.
function realmSchema<T extends z.ZodRawShape>(shape: T) {
  const known = new Set([...Object.keys(shape), ...otherRealmFields])
  return z
    .object(shape)
    .catchall(z.json())
    .superRefine((fields, context) => {
      const keys = Object.keys(fields).filter((name) => !known.has(name))
      if (keys.length > 0) context.addIssue({ code: 'unrecognized_keys', keys, input: fields })
    })
}

/** What a realm is made of. */
export const newRealmFields = realmSchema({
  ...settingsFields,
  realm: z.string().default(''),
  clients: z.array(clientFields).default([]),
  users: z.array(userFields).default([]),
  clientScopes: z.array(scopeFields).optional(),
  defaultDefaultClientScopes: strings.optional(),
  defaultOptionalClientScopes: strings.optional(),
  roles: z.strictObject({ realm: z.array(roleFields).default([]) }).optional(),
  groups: z.array(groupFields).default([]),
  components: z.record(z.string(), z.array(componentFields)).default({}),
  identityProviders: z.array(identityProviderFields).default([]),
  requiredActions: z.array(requiredActionFields).optional(),
  authenticationFlows: z.array(flowFields).default([]),
})
/** What a realm is changed with: Keycloak takes a whole representation and reads the settings of it. */
export const realmFields = realmSchema({ ...newRealmFields.shape, ...settingsFields })
export type NewRealmFields = z.infer<typeof newRealmFields>
