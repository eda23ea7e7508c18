import type { EnvoyAny, JwtProvider } from '@bulkhead/envoy'
import { anyOf } from '@bulkhead/envoy'
import type { IdentityModel, TenantModel } from '../../model/model.ts'
import { payloadKey, tenantJwt } from '../names.ts'
import { extension } from '../values.ts'

const answerUnavailable = `function envoy_on_request(handle)
  handle:respond({[':status'] = '503'}, '')
end
`

/**
 * What a tenant puts into the slot `tenant-auth`: its one JWT filter with its issuer's keys and no others. Until the
 * keys are known, a filter of the same name that refuses everything: an empty key set would be refused by Envoy.
 */
export function authentication(model: TenantModel): EnvoyAny {
  const { identity } = model
  const filter =
    identity === undefined
      ? extension(tenantJwt, 'envoy.extensions.filters.http.lua.v3.Lua', {
          defaultSourceCode: { inlineString: answerUnavailable },
        })
      : extension(tenantJwt, 'envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication', {
          providers: { realm: provider(identity, forwardsTokens(model)) },
          // The empty prefix is every path there is, `*` too: a request that no rule matches would pass unverified.
          rules: [{ match: { prefix: '' }, requires: { providerName: 'realm' } }],
          stripFailureResponse: true,
          statPrefix: 'tenant',
        })
  return anyOf('envoy.extensions.filters.http.filter_chain.v3.FilterChainConfigPerRoute', {
    filterChain: { filters: [filter] },
  })
}

/** Whether a route wants the backend to see the verified token; where none is verified, none is passed on. */
export function forwardsToken(route: TenantModel['routes'][number]): boolean {
  return route.action.kind === 'forward' && route.action.forwardToken && route.access !== 'Public'
}

// The filter either keeps the token for all routes or for none. When one route wants it, all others remove it.
function forwardsTokens(model: TenantModel): boolean {
  return model.routes.some(forwardsToken)
}

function provider(identity: IdentityModel, forward: boolean): JwtProvider {
  return {
    issuer: identity.issuer,
    audiences: [...identity.audiences],
    requireExpiration: true,
    maxLifetime: `${identity.maxTokenLifetimeSeconds}s`,
    clockSkewSeconds: 60,
    localJwks: { inlineString: identity.jwks },
    // Said at length: by default Envoy also takes a token from the query, and leaves it there.
    fromHeaders: [{ name: 'authorization', valuePrefix: 'Bearer ' }],
    forward,
    payloadInMetadata: payloadKey,
  }
}
