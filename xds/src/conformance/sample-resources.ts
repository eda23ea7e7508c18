// Real resources by their names alone: whatever an independent suite asks for, a client could load.
import { anyOf, encode, makeResource, TYPE_URLS } from '@bulkhead/envoy'
import type { EncodedResource, TypeUrl } from '@bulkhead/envoy'

const ADS = { ads: {}, resourceApiVersion: 'V3' } as const
const HCM = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'

/** Which resource is made, and what makes it differ from the same one of another version. */
export interface Sample {
  readonly name: string
  readonly version: string
}

type Make = (sample: Sample) => Uint8Array

const makers: Partial<Record<TypeUrl, Make>> = {
  [TYPE_URLS.cluster]: ({ name, version }) =>
    encode('envoy.config.cluster.v3.Cluster', {
      ...{ name, altStatName: `${name}-${version}`, type: 'EDS', connectTimeout: '5s' },
      edsClusterConfig: { edsConfig: ADS },
    }),
  [TYPE_URLS.endpoints]: ({ name: clusterName, version }) => {
    const endpoint = { address: { socketAddress: { address: '127.0.0.1', portValue: portOf(version) } } }
    const endpoints = [{ lbEndpoints: [{ endpoint }] }]
    return encode('envoy.config.endpoint.v3.ClusterLoadAssignment', { clusterName, endpoints })
  },
  [TYPE_URLS.routeConfiguration]: ({ name, version }) =>
    encode('envoy.config.route.v3.RouteConfiguration', {
      name,
      responseHeadersToAdd: [{ header: { key: 'x-version', value: version } }],
      virtualHosts: [{ name, domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: name } }] }],
    }),
  [TYPE_URLS.listener]: ({ name, version }) => {
    const hcm = anyOf(HCM, {
      statPrefix: `${name}-${version}`,
      rds: { configSource: ADS, routeConfigName: name },
      httpFilters: [{ name: 'router', typedConfig: anyOf('envoy.extensions.filters.http.router.v3.Router', {}) }],
    })
    return encode('envoy.config.listener.v3.Listener', {
      name,
      address: { socketAddress: { address: '127.0.0.1', portValue: 0 } },
      filterChains: [{ filters: [{ name: 'hcm', typedConfig: hcm }] }],
    })
  },
}

/** Makes a resource; undefined for a type of which there are none here. */
export function sampleResource(typeUrl: string, sample: Sample): EncodedResource | undefined {
  const known = Object.values(TYPE_URLS).find((each) => each === typeUrl)
  const make = known === undefined ? undefined : makers[known]
  return known === undefined || make === undefined ? undefined : makeResource(known, sample.name, make(sample))
}

// Another version has another port; any will do.
function portOf(version: string): number {
  return 10_000 + (Buffer.from(version).reduce((sum, byte) => sum * 31 + byte, 0) % 50_000)
}
