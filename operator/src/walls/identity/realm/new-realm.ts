import { operatorClient, operatorClientId, operatorRoles } from '@bulkhead/identity'
import type { ClientRepresentation, Fields } from '@bulkhead/identity'
import type { Secret } from '@bulkhead/runtime'
import { keyProviderType } from '../keys/components.ts'
import { tenantAdmin } from '../realm.ts'
import { newFlows, requiredFlow } from './flows.ts'
import { newRegistrationPolicies, registrationPolicyType } from './registration.ts'
import type { RealmSettings } from './settings.ts'
import type { RealmTemplate } from './template.ts'

const tenantAdminRoles = ['manage-users', 'view-users', 'query-users', 'query-groups']

/** A client that every realm of Keycloak has, for logging in with a password on a command line: nobody needs it. */
export const unusedClient = {
  ...{ clientId: 'admin-cli', enabled: false, publicClient: true, standardFlowEnabled: false },
  ...{ implicitFlowEnabled: false, directAccessGrantsEnabled: false, serviceAccountsEnabled: false },
} as const

export interface NewRealm {
  readonly settings: RealmSettings
  readonly template: RealmTemplate
  readonly secret: Secret<string>
  readonly adminPassword: Secret<string>
  /** The first key that signs, as a component. */
  readonly signingKey: Fields
}

/**
 * A whole new realm with our account, the first admin, login flows and keys: one call, so that no half of it can be left
 * behind. What we keep stands after the template, so that the template can change none of it.
 */
export function newRealm({ settings, template, secret, adminPassword, signingKey }: NewRealm): Fields {
  const { attributes, ...rest } = template
  return {
    ...rest,
    ...settings,
    attributes: { ...attributes, ...settings.attributes },
    authenticationFlows: newFlows(),
    components: {
      [registrationPolicyType]: newRegistrationPolicies(),
      [keyProviderType]: [withoutType(signingKey), ...sharedKeys],
    },
    clients: [operatorClient(secret), unusedClient],
    users: [account, firstAdmin(adminPassword, settings.browserFlow === requiredFlow.alias)],
  }
}

// Keycloak makes none of its own where one is named: those that protect cookies and refresh tokens stand beside ours.
const sharedKeys = [
  { name: 'hmac-generated', providerId: 'hmac-generated', config: { priority: ['100'], algorithm: ['HS512'] } },
  { name: 'aes-generated', providerId: 'aes-generated', config: { priority: ['100'] } },
]

const account = {
  ...{ username: `service-account-${operatorClientId}`, enabled: true, serviceAccountClientId: operatorClientId },
  clientRoles: { 'realm-management': [...operatorRoles] },
}

function firstAdmin(password: Secret<string>, isMfaRequired: boolean): Fields {
  return {
    ...{ username: tenantAdmin, enabled: true },
    requiredActions: ['UPDATE_PASSWORD', ...(isMfaRequired ? ['CONFIGURE_TOTP'] : [])],
    credentials: [{ type: 'password', value: password.reveal(), temporary: true }],
    clientRoles: { 'realm-management': tenantAdminRoles },
  }
}

function withoutType({ providerType: _providerType, ...fields }: Fields): Fields {
  return fields
}

/** Whether nobody can log in by it. */
export function isUnusedClientShut(client: ClientRepresentation): boolean {
  return !client.enabled && !client.directAccessGrantsEnabled && !client.implicitFlowEnabled
}
