import { anyOf } from '@bulkhead/envoy'
import type { Cluster, Route, RouteConfiguration, ScopedRouteConfiguration, VirtualHost } from '@bulkhead/envoy'
import { beyondGuaranteeHeader, serverNameHeader, subscriptionHeader, tenantHeader } from '@bulkhead/tenancy'
import { compareText } from '../../model/compare-text.ts'
import { identityNames } from '../names.ts'
import type { IdentitySettings, IdentityShard } from '../settings.ts'
import { scopeOf } from '../tenant/tenant.ts'
import { answer, misdirectedFrom, withoutGuards } from '../tenant/answers.ts'
import { upstreamTls } from '../tenant/clusters.ts'
import { literal, off, overwrite } from '../values.ts'
import { identityEndpoints } from './endpoints.ts'
import { identityLimits } from './limits.ts'

/** Everything that Envoy knows of one identity shard. */
export interface IdentityResources {
  readonly shard: string
  readonly clusters: readonly [Cluster]
  readonly routes: RouteConfiguration
  readonly scopes: readonly [ScopedRouteConfiguration]
}

/** A shard's resources. Which realms there are changes nothing but their limits. */
export function translateIdentity(
  shard: IdentityShard,
  realms: Iterable<string>,
  settings: IdentitySettings,
): IdentityResources {
  const { routes } = identityNames(shard.name)
  return {
    shard: shard.name,
    clusters: [cluster(shard)],
    routes: { name: routes, virtualHosts: [virtualHost(shard, [...new Set(realms)].sort(compareText), settings)] },
    scopes: [scopeOf(shard.host, routes)],
  }
}

function virtualHost(shard: IdentityShard, realms: readonly string[], settings: IdentitySettings): VirtualHost {
  const { group, cluster: target } = identityNames(shard.name)
  const notFound: Route = {
    ...answer(`${group}/not-found`, { prefix: '/' }, 404, 'not_found'),
    typedPerFilterConfig: withoutGuards,
  }
  return {
    name: '*',
    domains: ['*'],
    routes: [
      misdirectedFrom(group, [shard.host]),
      ...identityEndpoints.map(({ name, match }) => ({
        name: `${group}/${name}`,
        match,
        route: {
          cluster: target,
          hostRewriteLiteral: new URL(shard.publicUrl).host,
          timeout: '30s',
          retryPolicy: { retryOn: 'connect-failure,refused-stream', numRetries: 1 },
        } as const,
      })),
      notFound,
    ],
    // The provider believes these, so all of them are ours: the first address of a list would be the caller's own.
    requestHeadersToAdd: [
      overwrite('x-forwarded-for', '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%'),
      overwrite('x-forwarded-proto', 'https'),
      overwrite('x-forwarded-host', literal(new URL(shard.publicUrl).host)),
    ],
    requestHeadersToRemove: [
      ...[beyondGuaranteeHeader, serverNameHeader, 'x-envoy-external-address'],
      ...[tenantHeader, subscriptionHeader],
    ],
    // Nobody is a tenant here: the provider says who somebody is, and policy decides about tools.
    typedPerFilterConfig: {
      'tenant-auth': off,
      'ext-authz': off,
      ratelimit: off,
      'ratelimit-pool': off,
      'tenant-cap': identityLimits(realms, settings),
    },
  }
}

// A name of the platform's settings and of no tenant's, so Envoy may resolve it; behind it may be one address or many.
function cluster({ name, backend, tls, maxConnections }: IdentityShard): Cluster {
  const { cluster: own } = identityNames(name)
  const address = { socketAddress: { address: backend.host, portValue: backend.port } }
  return {
    name: own,
    type: 'STRICT_DNS',
    dnsLookupFamily: 'V4_PREFERRED',
    loadAssignment: { clusterName: own, endpoints: [{ lbEndpoints: [{ endpoint: { address } }] }] },
    connectTimeout: '5s',
    perConnectionBufferLimitBytes: 32_768,
    lbPolicy: 'LEAST_REQUEST',
    circuitBreakers: {
      thresholds: [
        {
          ...{ maxConnections, maxPendingRequests: maxConnections, maxRequests: maxConnections },
          retryBudget: { budgetPercent: { value: 20 }, minRetryConcurrency: 3 },
        },
      ],
    },
    // By what Envoy itself saw of the connection, for a tenant can make the provider answer 500 and 502 at will.
    outlierDetection: {
      splitExternalLocalOriginErrors: true,
      consecutiveLocalOriginFailure: 5,
      ...{ enforcingConsecutive5xx: 0, enforcingConsecutiveGatewayFailure: 0 },
      ...{ enforcingSuccessRate: 0, enforcingLocalOriginSuccessRate: 0 },
      ...{ interval: '5s', baseEjectionTime: '10s', maxEjectionPercent: 50 },
    },
    typedExtensionProtocolOptions: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': anyOf(
        'envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        {
          commonHttpProtocolOptions: { idleTimeout: '60s', maxHeadersCount: 100, maxResponseHeadersKb: 60 },
          explicitHttpConfig: { httpProtocolOptions: {} },
        },
      ),
    },
    ...(tls === undefined ? {} : { transportSocket: upstreamTls(tls.serverName, tls.rootsFile) }),
  }
}
