import type { Secret } from '@bulkhead/runtime'

/** The operator's own client in every realm. */
export const operatorClientId = 'bulkhead-operator'
/** What it may do there: keep the realm's settings, clients, users and identity providers, and nothing of other realms. */
export const operatorRoles = ['manage-realm', 'manage-clients', 'manage-users', 'manage-identity-providers'] as const

/** The operator's own client, as every realm has it. */
export function operatorClient(secret: Secret<string>) {
  return {
    clientId: operatorClientId,
    enabled: true,
    publicClient: false,
    clientAuthenticatorType: 'client-secret',
    secret: secret.reveal(),
    serviceAccountsEnabled: true,
    standardFlowEnabled: false,
    implicitFlowEnabled: false,
    directAccessGrantsEnabled: false,
    fullScopeAllowed: true,
  }
}
