// The gRPC methods that exist here. What is not listed is UNIMPLEMENTED, above all every unary fetch.
import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js'
import { TYPE_URLS } from '@bulkhead/envoy'
import type { TypeUrl } from '@bulkhead/envoy'
import type { Variant } from '../subscription/index.ts'

type Bidi = MethodDefinition<Buffer, Buffer>

function asIs(bytes: Buffer): Buffer {
  return bytes
}

function bidirectional(path: string): Bidi {
  return {
    path,
    requestStream: true,
    responseStream: true,
    requestSerialize: asIs,
    // Requests are read where a mistake in them ends one stream with a clear status, not here.
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  }
}

/** One method of discovery: its variant, and its type unless it is aggregated. */
export interface DiscoveryMethod {
  readonly name: string
  readonly definition: Bidi
  readonly variant: Variant
  readonly ownType: TypeUrl | undefined
}

const { cluster, endpoints, listener, routeConfiguration, scopedRoute, secret } = TYPE_URLS

// Package and service, what their methods end in, and the type.
const SERVICES: readonly (readonly [string, string, TypeUrl | undefined])[] = [
  ['discovery.v3.AggregatedDiscoveryService', 'AggregatedResources', undefined],
  ['cluster.v3.ClusterDiscoveryService', 'Clusters', cluster],
  ['endpoint.v3.EndpointDiscoveryService', 'Endpoints', endpoints],
  ['listener.v3.ListenerDiscoveryService', 'Listeners', listener],
  ['route.v3.RouteDiscoveryService', 'Routes', routeConfiguration],
  ['route.v3.ScopedRoutesDiscoveryService', 'ScopedRoutes', scopedRoute],
  ['secret.v3.SecretDiscoveryService', 'Secrets', secret],
]

const PREFIXES = { delta: 'Delta', sotw: 'Stream' } as const

/** Every streaming method of discovery: all types on one stream, or each on its own, in both variants. */
export const DISCOVERY_METHODS: readonly DiscoveryMethod[] = SERVICES.flatMap(([service, what, ownType]) =>
  (['delta', 'sotw'] as const).map((variant) => {
    const name = `${PREFIXES[variant]}${what}`
    return { name, definition: bidirectional(`/envoy.service.${service}/${name}`), variant, ownType }
  }),
)

const CSDS = '/envoy.service.status.v3.ClientStatusDiscoveryService'

/** What the streams of a fleet have accepted, for people and their tools. */
export const CLIENT_STATUS = {
  FetchClientStatus: { ...bidirectional(`${CSDS}/FetchClientStatus`), requestStream: false, responseStream: false },
  StreamClientStatus: bidirectional(`${CSDS}/StreamClientStatus`),
} satisfies ServiceDefinition
