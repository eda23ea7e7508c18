import { createHmac } from 'node:crypto'
import type { Tenant } from '@bulkhead/crds'
import type { Fields, SeenIdentityProvider } from '@bulkhead/identity'
import type { Secret } from '@bulkhead/runtime'
import { afterProviderFlow } from '../realm/flows.ts'

export type Federated = Tenant['spec']['identity']['realm']['federation'][number]

/** Where a provider is asked for what; every address was checked. */
export interface Endpoints {
  readonly authorization: string
  readonly token: string
  readonly jwks: string
}

/** A provider that can be made. */
export interface WantedProvider {
  readonly alias: string
  /** All but the client's secret. */
  readonly fields: Fields & { readonly config: Readonly<Record<string, string>> }
  readonly secret: Secret<string>
}

// What Keycloak does not know it keeps: by these a provider of ours is known, and a changed secret is seen.
const ownMark = 'bulkhead.dev/made'
const secretMark = 'bulkhead.dev/secret-digest'

export interface ProviderFacts {
  readonly federated: Federated
  readonly endpoints: Endpoints
  readonly secret: Secret<string>
  /** What the digest is keyed with, so that it tells nothing to whoever reads it. */
  readonly key: Secret<string>
  readonly isMfaRequired: boolean
}

/** The provider as Keycloak is told: nothing in it can give anybody a role, and Keycloak looks nothing up by itself. */
export function wantedProvider({ federated, endpoints, secret, key, isMfaRequired }: ProviderFacts): WantedProvider {
  const { alias, displayName = alias, issuer, clientID } = federated
  const digest = createHmac('sha256', key.reveal()).update(secret.reveal()).digest('hex')
  return {
    alias,
    secret,
    fields: {
      ...{ alias, displayName, providerId: 'oidc', enabled: true, trustEmail: false, storeToken: false },
      ...{ addReadTokenRoleOnCreate: false, linkOnly: false, authenticateByDefault: false, hideOnLogin: false },
      firstBrokerLoginFlowAlias: 'first broker login',
      postBrokerLoginFlowAlias: isMfaRequired ? afterProviderFlow.alias : '',
      config: {
        ...{ issuer, clientId: clientID, clientAuthMethod: 'client_secret_post' },
        ...{ authorizationUrl: endpoints.authorization, tokenUrl: endpoints.token, jwksUrl: endpoints.jwks },
        ...{ validateSignature: 'true', useJwksUrl: 'true', disableUserInfo: 'true', backchannelSupported: 'false' },
        ...{ pkceEnabled: 'true', pkceMethod: 'S256', syncMode: 'IMPORT', defaultScope: 'openid email profile' },
        ...{ [ownMark]: 'true', [secretMark]: digest },
      },
    },
  }
}

export function isOwnProvider({ config }: SeenIdentityProvider): boolean {
  return config[ownMark] === 'true'
}

/** Whether Keycloak has it as it should be; what it shows instead of the secret is judged by the digest. */
export function isProviderAsWanted({ fields }: WantedProvider, seen: SeenIdentityProvider): boolean {
  const { config, ...settings } = fields
  const actual: Fields = seen
  const { clientSecret: _clientSecret, ...seenConfig } = seen.config
  return (
    Object.entries(settings).every(([name, value]) => actual[name] === value) &&
    Object.keys(seenConfig).length === Object.keys(config).length &&
    Object.entries(config).every(([name, value]) => seenConfig[name] === value)
  )
}
