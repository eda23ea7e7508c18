// What a real Envoy needs to serve a host: a listener, and a group with a backend behind it.
import { anyOf, encode, makeResource, TYPE_URLS } from '@bulkhead/envoy'
import type { EncodedResource, RouteConfiguration } from '@bulkhead/envoy'
import { endpointsOf, scopeOf } from '../../fleet/testing/sample.ts'
import { ask } from './real-envoy.ts'

const ADS = { ads: {}, resourceApiVersion: 'V3' } as const

/** A listener that finds its routes by the host. */
export function edgeListener(portValue: number): EncodedResource {
  const hcm = anyOf('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager', {
    statPrefix: 'edge',
    scopedRoutes: {
      name: 'hosts',
      scopeKeyBuilder: {
        fragments: [{ headerValueExtractor: { name: ':authority', elementSeparator: ',', index: 0 } }],
      },
      rdsConfigSource: ADS,
      scopedRds: { scopedRdsConfigSource: ADS },
    },
    httpFilters: [{ name: 'router', typedConfig: anyOf('envoy.extensions.filters.http.router.v3.Router', {}) }],
  })
  const message = {
    name: 'edge',
    address: { socketAddress: { address: '127.0.0.1', portValue } },
    filterChains: [{ filters: [{ name: 'hcm', typedConfig: hcm }] }],
  }
  return makeResource(TYPE_URLS.listener, 'edge', encode('envoy.config.listener.v3.Listener', message))
}

/** What a group says: a text in the header `x-edition`, or routes that Envoy refuses for the text `bad`. */
export interface EdgeGroup {
  readonly text: string
  readonly backendName: string
  /** Of the backend, on loopback. */
  readonly port: number
}

/** One group behind `<group>.example`. */
export function edgeGroup(group: string, { text, backendName, port }: EdgeGroup): readonly EncodedResource[] {
  const name = `${group}/${backendName}`
  const host = scopeOf(`${group}.example`, `${group}/routes`)
  return [cluster(name), endpointsOf(name, port), routes(group, name, text), host]
}

function cluster(name: string): EncodedResource {
  const message = { name, type: 'EDS', edsClusterConfig: { edsConfig: ADS }, connectTimeout: '1s' } as const
  return makeResource(TYPE_URLS.cluster, name, encode('envoy.config.cluster.v3.Cluster', message))
}

function routes(group: string, to: string, text: string): EncodedResource {
  const name = `${group}/routes`
  const bad = { safeRegex: { regex: '(' } }
  const message: RouteConfiguration = {
    name,
    responseHeadersToAdd: [{ header: { key: 'x-edition', value: text } }],
    virtualHosts: [
      { name, domains: ['*'], routes: [{ match: text === 'bad' ? bad : { prefix: '/' }, route: { cluster: to } }] },
    ],
  }
  return makeResource(TYPE_URLS.routeConfiguration, name, encode('envoy.config.route.v3.RouteConfiguration', message))
}

/** The status and the text with which a host is answered. */
export async function askEdition(port: number, host: string): Promise<string> {
  const { status, headers } = await ask(port, host)
  return `${status} ${String(headers['x-edition'])}`
}
