import { subscriptionClientId } from '@bulkhead/tenancy'
import type { ClientRepresentation, Fields } from '@bulkhead/identity'
import { audienceScope } from '../walls/identity/realm.ts'
import type { Wanted } from './wanted.ts'

/** The client attribute that says whose it is. */
export const subscriptionAttribute = 'bulkhead.dev/subscription-uid'

/**
 * The scopes of a subscription's client: the tenant's audience, the roles, the subject. Keycloak adds
 * `service_account` to every client with a service account.
 */
export const clientScopes: readonly string[] = [audienceScope, 'basic', 'roles', 'service_account']

/**
 * What a subscription's client is: confidential, client credentials and nothing else. Without full scope its tokens
 * hold no role but those that are put into its scope, whatever roles somebody gives to its account.
 */
export function clientFields({ clientId, subscription, application }: Wanted, isEnabled: boolean): Fields {
  return {
    clientId,
    name: application.displayName,
    description: application.owner ?? '',
    enabled: isEnabled,
    protocol: 'openid-connect',
    publicClient: false,
    serviceAccountsEnabled: true,
    standardFlowEnabled: false,
    implicitFlowEnabled: false,
    directAccessGrantsEnabled: false,
    fullScopeAllowed: false,
    attributes: { [subscriptionAttribute]: subscription.uid },
    // A mapper of its own could put anything into the client's tokens.
    protocolMappers: [],
  }
}

/** Whether a client is the one that was made for this Subscription: a client of its name can be anybody's. */
export function isClientOf({ clientId, attributes }: ClientRepresentation, subscriptionUid: string): boolean {
  return clientId === subscriptionClientId(subscriptionUid) && attributes[subscriptionAttribute] === subscriptionUid
}

/** Whether a client is not as wanted, its scopes aside. */
export function hasClientDrifted(wanted: Fields, seen: ClientRepresentation): boolean {
  const { attributes: _attributes, protocol: _protocol, protocolMappers: _protocolMappers, ...fields } = wanted
  const actual: Fields = seen
  return seen.protocolMappers.length > 0 || Object.entries(fields).some(([key, value]) => actual[key] !== value)
}

export function hasWantedScopes({ defaultClientScopes, optionalClientScopes }: ClientRepresentation): boolean {
  return (
    optionalClientScopes.length === 0 &&
    defaultClientScopes.length === clientScopes.length &&
    clientScopes.every((name) => defaultClientScopes.includes(name))
  )
}
