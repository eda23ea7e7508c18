import type { Listener, TransportSocket } from '@bulkhead/envoy'
import { listenerName, platformClusters } from '../names.ts'
import type { FleetSettings } from '../settings.ts'
import { extension } from '../values.ts'
import { httpConnectionManager } from './http-connection-manager.ts'

/** What a fleet has whatever its tenants are; it changes only when the platform does. */
export interface FleetResources {
  readonly listeners: readonly Listener[]
}

/** The one listener with its one HTTP connection manager. No tenant's edit ever changes it, so nothing ever drains. */
export function translateFleet(settings: FleetSettings): FleetResources {
  return {
    listeners: [
      {
        name: listenerName,
        address: {
          socketAddress: { address: settings.listener.address, portValue: settings.listener.port },
        },
        perConnectionBufferLimitBytes: 32_768,
        listenerFiltersTimeout: '5s',
        listenerFilters: [
          extension('tls-inspector', 'envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector', {}),
        ],
        filterChains: [
          {
            name: listenerName,
            transportSocketConnectTimeout: '10s',
            transportSocket: transportSocket(),
            filters: [
              extension(
                'http',
                'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
                httpConnectionManager(settings),
              ),
            ],
          },
        ],
      },
    ],
  }
}

// The certificate is asked for by the name that the client says, on a stream of its own: any client can make Envoy ask
// for any name. A resumed session would skip that choice, so there is none.
function transportSocket(): TransportSocket {
  const mapper = extension('sni', 'envoy.extensions.transport_sockets.tls.cert_mappers.sni.v3.SNI', {
    defaultValue: 'no-server-name',
  })
  const selector = extension(
    'on-demand',
    'envoy.extensions.transport_sockets.tls.cert_selectors.on_demand_secret.v3.Config',
    {
      configSource: {
        resourceApiVersion: 'V3',
        apiConfigSource: {
          apiType: 'DELTA_GRPC',
          transportApiVersion: 'V3',
          setNodeOnFirstMessageOnly: true,
          grpcServices: [{ envoyGrpc: { clusterName: platformClusters.xds } }],
        },
      },
      certificateMapper: mapper,
    },
  )
  return extension('tls', 'envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext', {
    disableStatelessSessionResumption: true,
    disableStatefulSessionResumption: true,
    commonTlsContext: {
      tlsParams: { tlsMinimumProtocolVersion: 'TLSv1_2' },
      alpnProtocols: ['h2', 'http/1.1'],
      customTlsCertificateSelector: selector,
    },
  })
}
