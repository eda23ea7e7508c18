import { anyOf } from '@bulkhead/envoy'
import type { Cluster, ClusterLoadAssignment, TransportSocket } from '@bulkhead/envoy'
import type { TenantId } from '@bulkhead/tenancy'
import { clusterName } from '@bulkhead/tenancy'
import { compareText } from '../../model/compare-text.ts'
import type { Backend, Endpoint, TenantModel } from '../../model/model.ts'
import { extension, overAds } from '../values.ts'

/** The backends of a tenant, each once, in the order of their digests. */
export function backendsOf(model: TenantModel): readonly Backend[] {
  const byDigest = new Map<string, Backend>()
  for (const { action } of model.routes)
    if (action.kind === 'forward') byDigest.set(action.backend.digest, action.backend)
  return [...byDigest.values()].sort((left, right) => compareText(left.digest, right.digest))
}

/** Envoy learns the addresses from us alone: no name is resolved there, so none can lead it astray. */
export function clusterOf(id: TenantId, backend: Backend, rootsFile: string): Cluster {
  return {
    name: clusterName(id, backend.digest),
    type: 'EDS',
    edsClusterConfig: { edsConfig: overAds },
    connectTimeout: '5s',
    perConnectionBufferLimitBytes: 32_768,
    lbPolicy: 'LEAST_REQUEST',
    circuitBreakers: {
      thresholds: [
        {
          maxConnections: backend.maxConnections,
          maxPendingRequests: backend.maxRequests,
          maxRequests: backend.maxRequests,
          retryBudget: { budgetPercent: { value: 20 }, minRetryConcurrency: 3 },
        },
      ],
    },
    typedExtensionProtocolOptions: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': anyOf(
        'envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        {
          commonHttpProtocolOptions: {
            idleTimeout: '60s',
            maxHeadersCount: 100,
            maxResponseHeadersKb: 60,
            maxRequestsPerConnection: 10_000,
          },
          explicitHttpConfig: { httpProtocolOptions: {} },
        },
      ),
    },
    ...(backend.tls === undefined ? {} : { transportSocket: upstreamTls(backend.tls.sni, rootsFile) }),
  }
}

/** TLS towards whoever bears a certificate for the name. */
export function upstreamTls(sni: string, rootsFile: string): TransportSocket {
  return extension('tls', 'envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext', {
    sni,
    commonTlsContext: {
      tlsParams: { tlsMinimumProtocolVersion: 'TLSv1_2' },
      alpnProtocols: ['http/1.1'],
      validationContext: {
        trustedCa: { filename: rootsFile },
        matchTypedSubjectAltNames: [{ sanType: 'DNS', matcher: { exact: sni } }],
      },
    },
  })
}

/** The addresses of a backend; a backend without any answers 503 and leaves its cluster in place. */
export function endpointsOf(id: TenantId, backend: Backend): ClusterLoadAssignment {
  return loadAssignment(clusterName(id, backend.digest), backend.endpoints)
}

/** Addresses in an order of their own, each once, so that the order in which they were seen does not show. */
export function loadAssignment(name: string, endpoints: readonly Endpoint[]): ClusterLoadAssignment {
  const byAddress = new Map(endpoints.map((endpoint) => [`${endpoint.address}:${endpoint.port}`, endpoint]))
  const sorted = [...byAddress].sort(([left], [right]) => compareText(left, right))
  const lbEndpoints = sorted.map(([, { address, port }]) => ({
    endpoint: { address: { socketAddress: { address, portValue: port } } },
  }))
  return { clusterName: name, endpoints: lbEndpoints.length === 0 ? [] : [{ lbEndpoints }] }
}
