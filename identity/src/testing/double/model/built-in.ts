import type { Mapper, Scope } from './state.ts'

// The scopes, roles and clients that every realm of Keycloak 26.7 has from the start. Ids of mappers are the same in all
// realms, so that a thousand realms share them.
const inAccessToken = { 'introspection.token.claim': 'true', 'access.token.claim': 'true' }

function mapper(name: string, protocolMapper: string, config: Readonly<Record<string, string>> = {}): Mapper {
  const id = `built-in-${name.replaceAll(' ', '-')}`
  return { id, name, protocol: 'openid-connect', protocolMapper, consentRequired: false, config: { ...config } }
}

function attribute(name: string, from: string, claim: string, kind = 'String'): Mapper {
  const config = { ...inAccessToken, 'id.token.claim': 'true', 'userinfo.token.claim': 'true' }
  const more = { 'user.attribute': from, 'claim.name': claim, 'jsonType.label': kind }
  return mapper(name, 'oidc-usermodel-attribute-mapper', { ...config, ...more })
}

function note(name: string, from: string, kind = 'String'): Mapper {
  const config = { ...inAccessToken, 'user.session.note': from, 'id.token.claim': 'true', 'jsonType.label': kind }
  return mapper(name, 'oidc-usersessionmodel-note-mapper', { ...config, 'claim.name': from.toLowerCase() })
}

// Their claims are written as the notes are.
const serviceAccountNotes = ['clientHost', 'clientAddress', 'client_id'].map((from, index): Mapper => {
  const made = note(['Client Host', 'Client IP Address', 'Client ID'][index] ?? from, from)
  return { ...made, config: { ...made.config, 'claim.name': from } }
})

const multivalued = { ...inAccessToken, multivalued: 'true', 'user.attribute': 'foo', 'jsonType.label': 'String' }
const roleMappers = [
  mapper('client roles', 'oidc-usermodel-client-role-mapper', {
    ...multivalued,
    'claim.name': 'resource_access.${client_id}.roles',
  }),
  mapper('audience resolve', 'oidc-audience-resolve-mapper', inAccessToken),
  mapper('realm roles', 'oidc-usermodel-realm-role-mapper', { ...multivalued, 'claim.name': 'realm_access.roles' }),
]

const profile = [
  ...[attribute('middle name', 'middleName', 'middle_name'), attribute('given name', 'firstName', 'given_name')],
  ...[attribute('family name', 'lastName', 'family_name'), attribute('username', 'username', 'preferred_username')],
  ...['zoneinfo', 'profile', 'birthdate', 'locale', 'nickname', 'website', 'picture', 'gender'].map((name) =>
    attribute(name, name, name),
  ),
  attribute('updated at', 'updatedAt', 'updated_at', 'long'),
  mapper('full name', 'oidc-full-name-mapper', inAccessToken),
]
const email = [
  attribute('email', 'email', 'email'),
  mapper('email verified', 'oidc-usermodel-property-mapper', {
    ...inAccessToken,
    ...{ 'user.attribute': 'emailVerified', 'claim.name': 'email_verified', 'jsonType.label': 'boolean' },
  }),
]

interface BuiltInScope {
  readonly name: string
  readonly protocol?: 'saml'
  /** Whether its name stands in the `scope` of a token. */
  readonly isTold?: boolean
  readonly given?: 'default' | 'optional'
  readonly mappers?: readonly Mapper[]
}

export const builtInScopes: readonly BuiltInScope[] = [
  { name: 'role_list', protocol: 'saml', given: 'default' },
  { name: 'saml_organization', protocol: 'saml', given: 'default' },
  { name: 'AuthnContextClassRef', protocol: 'saml', given: 'default' },
  { name: 'profile', isTold: true, given: 'default', mappers: profile },
  { name: 'email', isTold: true, given: 'default', mappers: email },
  { name: 'roles', given: 'default', mappers: roleMappers },
  { name: 'web-origins', given: 'default', mappers: [mapper('allowed web origins', 'oidc-allowed-origins-mapper')] },
  { name: 'acr', given: 'default', mappers: [mapper('acr loa level', 'oidc-acr-mapper', inAccessToken)] },
  {
    name: 'basic',
    given: 'default',
    mappers: [mapper('sub', 'oidc-sub-mapper', inAccessToken), note('auth_time', 'AUTH_TIME', 'long')],
  },
  { name: 'service_account', mappers: serviceAccountNotes },
  { name: 'offline_access', isTold: true, given: 'optional' },
  { name: 'address', isTold: true, given: 'optional', mappers: [mapper('address', 'oidc-address-mapper')] },
  {
    name: 'phone',
    isTold: true,
    given: 'optional',
    mappers: [
      attribute('phone number', 'phoneNumber', 'phone_number'),
      attribute('phone number verified', 'phoneNumberVerified', 'phone_number_verified', 'boolean'),
    ],
  },
  { name: 'microprofile-jwt', isTold: true, given: 'optional', mappers: [attribute('upn', 'username', 'upn')] },
  {
    name: 'organization',
    isTold: true,
    given: 'optional',
    mappers: [mapper('organization', 'oidc-organization-membership-mapper')],
  },
]

/** A built-in scope as a realm keeps it. */
export function scopeOf({ name, protocol, isTold = false, mappers = [] }: BuiltInScope, id: string): Scope {
  const attributes = { 'include.in.token.scope': String(isTold), 'display.on.consent.screen': 'false' }
  return { id, name, protocol: protocol ?? 'openid-connect', attributes, protocolMappers: mappers }
}

const managed = ['realm', 'clients', 'users', 'events', 'identity-providers', 'authorization', 'organizations']
/** The roles of a realm's administration, each with those that come with it. */
export const managementRoles: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(managed.flatMap((what) => [`manage-${what}`, `view-${what}`]).map((name) => [name, []])),
  ...Object.fromEntries(['create-client', 'impersonation'].map((name) => [name, []])),
  ...Object.fromEntries(['users', 'groups', 'clients', 'realms', 'organizations'].map((what) => [`query-${what}`, []])),
  'view-users': ['query-users', 'query-groups'],
  'view-clients': ['query-clients'],
}

/** The roles of the client `account`. */
export const accountRoles: Readonly<Record<string, readonly string[]>> = {
  'view-profile': [],
  'manage-account-links': [],
  'manage-account': ['manage-account-links'],
  'view-applications': [],
  'view-consent': [],
  'manage-consent': ['view-consent'],
  'delete-account': [],
  'view-groups': [],
}

/** The clients that every realm has, by what they may do. */
export const builtInClients = [
  { clientId: 'account', publicClient: true, standardFlowEnabled: true },
  { clientId: 'account-console', publicClient: true, standardFlowEnabled: true },
  { clientId: 'admin-cli', publicClient: true, directAccessGrantsEnabled: true, fullScopeAllowed: true },
  { clientId: 'broker', bearerOnly: true },
  { clientId: 'realm-management', bearerOnly: true },
  { clientId: 'security-admin-console', publicClient: true, standardFlowEnabled: true, fullScopeAllowed: true },
]

const registration = 'org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy'
export const keyProvider = 'org.keycloak.keys.KeyProvider'

/** What guards the registration of clients by themselves. */
export const registrationPolicies = [
  ['Trusted Hosts', 'trusted-hosts', 'anonymous'],
  ['Consent Required', 'consent-required', 'anonymous'],
  ['Full Scope Disabled', 'scope', 'anonymous'],
  ['Max Clients Limit', 'max-clients', 'anonymous'],
  ['Allowed Protocol Mapper Types', 'allowed-protocol-mappers', 'anonymous'],
  ['Allowed Client Scopes', 'allowed-client-templates', 'anonymous'],
  ['Allowed Registration Web Origins', 'registration-web-origins', 'anonymous'],
  ['Allowed Protocol Mapper Types', 'allowed-protocol-mappers', 'authenticated'],
  ['Allowed Client Scopes', 'allowed-client-templates', 'authenticated'],
  ['Allowed Registration Web Origins', 'registration-web-origins', 'authenticated'],
].map(([name = '', providerId = '', subType = '']) => ({
  ...{ name, providerId, subType, providerType: registration, config: {} },
}))

/** The keys that a realm gets when none were given. */
export const builtInKeys = [
  { name: 'rsa-generated', providerId: 'rsa-generated', config: { priority: ['100'] } },
  {
    name: 'rsa-enc-generated',
    providerId: 'rsa-enc-generated',
    config: { priority: ['100'], algorithm: ['RSA-OAEP'] },
  },
  { name: 'aes-generated', providerId: 'aes-generated', config: { priority: ['100'] } },
  {
    name: 'hmac-generated-hs512',
    providerId: 'hmac-generated',
    config: { priority: ['100'], algorithm: ['HS512'] },
  },
]

/** The actions that a login can ask for: by alias, whether they are on. */
export const builtInActions: readonly (readonly [alias: string, name: string, isEnabled: boolean])[] = [
  ['CONFIGURE_TOTP', 'Configure OTP', true],
  ['TERMS_AND_CONDITIONS', 'Terms and Conditions', false],
  ['UPDATE_PASSWORD', 'Update Password', true],
  ['UPDATE_PROFILE', 'Update Profile', true],
  ['VERIFY_EMAIL', 'Verify Email', true],
  ['delete_account', 'Delete Account', false],
  ['UPDATE_EMAIL', 'Update Email', false],
  ['webauthn-register', 'Webauthn Register', true],
  ['webauthn-register-passwordless', 'Webauthn Register Passwordless', true],
  ['VERIFY_PROFILE', 'Verify Profile', true],
  ['delete_credential', 'Delete Credential', true],
  ['idp_link', 'Linking Identity Provider', true],
  ['CONFIGURE_RECOVERY_AUTHN_CODES', 'Recovery Authentication Codes', true],
  ['update_user_locale', 'Update User Locale', true],
]
