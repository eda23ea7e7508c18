import type { ExtAuthz, HttpFilter, LocalRateLimit, MessageName, MessageOf, RatelimitRateLimit } from '@bulkhead/envoy'
import { subscriptionHeader } from '@bulkhead/tenancy'
import type { FilterName } from '../names.ts'
import { localStage, metadataNamespaces, platformClusters, rateLimitDomain, tenantJwt } from '../names.ts'
import type { FleetSettings } from '../settings.ts'
import { extension, grpc, milliseconds, overwrite, percent } from '../values.ts'
import { answerUnknownHost } from './unknown-host.ts'

// Typed by the list of names, so that a filter cannot stand under a name that no tenant's slot would find.
function filter<Name extends MessageName>(name: FilterName, type: Name, config: MessageOf<Name>): HttpFilter {
  return extension(name, type, config)
}

const local = 'envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit'

/** The filters in their fixed order: cheap local limits, who is it, how much of it, may it, how much again, change, go. */
export function httpFilters(settings: FleetSettings): readonly HttpFilter[] {
  return [
    filter('preauth-limit', local, sourceLimit(settings)),
    filter('cors', 'envoy.extensions.filters.http.cors.v3.Cors', {}),
    // What no tenant's chain replaces is refused: without this default a request that matches no tenant would pass.
    filter('tenant-auth', 'envoy.extensions.filters.http.filter_chain.v3.FilterChainConfig', {
      defaultFilterChain: {
        filters: [
          extension(tenantJwt, 'envoy.extensions.filters.http.lua.v3.Lua', {
            defaultSourceCode: { inlineString: answerUnknownHost },
          }),
        ],
      },
    }),
    filter('tenant-guarantee', local, { statPrefix: 'guarantee' }),
    filter('tenant-cap', local, { statPrefix: 'cap' }),
    // Behind authentication and the tenant's cap: a flood that these refuse must not spend what all tenants share.
    filter('fleet-limit', local, fleetLimit(settings)),
    { ...filter('mcp', 'envoy.extensions.filters.http.mcp.v3.Mcp', { trafficMode: 'PASS_THROUGH' }), disabled: true },
    filter('ext-authz', 'envoy.extensions.filters.http.ext_authz.v3.ExtAuthz', policy(settings)),
    filter('ratelimit', 'envoy.extensions.filters.http.ratelimit.v3.RateLimit', serviceLimit(settings, 'windows', 0)),
    filter('ratelimit-pool', 'envoy.extensions.filters.http.ratelimit.v3.RateLimit', {
      ...serviceLimit(settings, 'pool', 1),
      // The pool is for what is left over: when nobody can say, nothing is.
      failureModeDeny: true,
      statusOnError: { code: 'TooManyRequests' },
    }),
    filter('header-mutation', 'envoy.extensions.filters.http.header_mutation.v3.HeaderMutation', {
      mutations: {
        requestMutations: [
          {
            append: overwrite(subscriptionHeader, `%DYNAMIC_METADATA(${metadataNamespaces.policy}:subscription)%`),
          },
          { remove: 'x-api-key' },
        ],
      },
    }),
    filter('tenant-ext', 'envoy.extensions.filters.http.filter_chain.v3.FilterChainConfig', {}),
    filter('router', 'envoy.extensions.filters.http.router.v3.Router', { suppressEnvoyHeaders: true }),
  ]
}

function perSecond(requests: number): LocalRateLimit['tokenBucket'] {
  return { maxTokens: requests, tokensPerFill: requests, fillInterval: '1s' }
}

const enforced: LocalRateLimit = { filterEnabled: percent(100), filterEnforced: percent(100) }

function fleetLimit(settings: FleetSettings): LocalRateLimit {
  return {
    ...enforced,
    statPrefix: 'fleet',
    stage: localStage,
    enableRetryAfterHeader: true,
    tokenBucket: perSecond(settings.capacityRequestsPerSecond),
    localClusterRateLimit: {},
  }
}

function sourceLimit(settings: FleetSettings): LocalRateLimit {
  return {
    ...enforced,
    statPrefix: 'preauth',
    enableRetryAfterHeader: true,
    // Envoy demands a bucket for what has no descriptor; everything has one, and nothing is taken from this one.
    tokenBucket: perSecond(1_000_000),
    alwaysConsumeDefaultTokenBucket: false,
    rateLimits: [
      { actions: [{ remoteAddress: {} }, { requestHeaders: { headerName: ':authority', descriptorKey: 'host' } }] },
    ],
    descriptors: [
      {
        entries: [{ key: 'remote_address' }, { key: 'host' }],
        tokenBucket: perSecond(settings.sourceRequestsPerSecond),
      },
    ],
    // One bucket per address and host; at the default of 20 the 21st address would take a bucket from another.
    maxDynamicDescriptors: 100_000,
  }
}

function policy(settings: FleetSettings): ExtAuthz {
  return {
    grpcService: grpc(platformClusters.policy, milliseconds(settings.policyTimeoutMs)),
    transportApiVersion: 'V3',
    statPrefix: 'policy',
    failureModeAllow: false,
    statusOnError: { code: 'ServiceUnavailable' },
    denyAtDisable: { defaultValue: true, runtimeKey: 'bulkhead.policy.deny_at_disable' },
    validateMutations: true,
    encodeRawHeaders: true,
    clearRouteCache: false,
    includeTlsSession: true,
    metadataContextNamespaces: [metadataNamespaces.jwt],
    // Policy says yes or no and what the limits are; it changes no request.
    decoderHeaderMutationRules: { disallowAll: true, disallowIsError: true },
    maxDeniedResponseBodyBytes: 1024,
    disallowedHeaders: {
      patterns: [
        { exact: 'authorization', ignoreCase: true },
        { exact: 'cookie', ignoreCase: true },
        { exact: 'x-api-key', ignoreCase: true },
      ],
    },
  }
}

function serviceLimit(settings: FleetSettings, statPrefix: string, stage: number): RatelimitRateLimit {
  const timeout = milliseconds(settings.rateLimitTimeoutMs)
  return {
    domain: rateLimitDomain,
    stage,
    statPrefix,
    requestType: 'both',
    timeout,
    // The local buckets stand before this filter and decide when the service does not answer.
    failureModeDeny: false,
    disableXEnvoyRatelimitedHeader: true,
    enableRetryAfterHeader: true,
    rateLimitService: { grpcService: grpc(platformClusters.rateLimit, timeout), transportApiVersion: 'V3' },
  }
}
