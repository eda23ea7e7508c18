// Resources for tests: one group with a cluster, its endpoints, a RouteConfiguration and a host.
import { encode, makeResource, TYPE_URLS } from '@bulkhead/envoy'
import type { EncodedResource } from '@bulkhead/envoy'
import { AGGREGATED_TYPES } from '../../subscription/index.ts'
import { SimulatedClient } from '../../subscription/testing/simulated-client.ts'
import { Fleet } from '../fleet.ts'
import { FleetStream } from '../fleet-stream.ts'

/** A cluster, different for each text. */
export function clusterOf(name: string, text = ''): EncodedResource {
  return makeResource(TYPE_URLS.cluster, name, encode('envoy.config.cluster.v3.Cluster', { name, altStatName: text }))
}

/** A cluster's endpoints, different for each port. */
export function endpointsOf(name: string, portValue = 80): EncodedResource {
  const endpoint = { address: { socketAddress: { address: '127.0.0.1', portValue } } }
  const message = { clusterName: name, endpoints: [{ lbEndpoints: [{ endpoint }] }] }
  return makeResource(TYPE_URLS.endpoints, name, encode('envoy.config.endpoint.v3.ClusterLoadAssignment', message))
}

/** A RouteConfiguration, different for each text. */
export function routesOf(name: string, text = ''): EncodedResource {
  const message = { name, virtualHosts: [{ name: text, domains: ['*'] }] }
  return makeResource(TYPE_URLS.routeConfiguration, name, encode('envoy.config.route.v3.RouteConfiguration', message))
}

/** A host that leads to a RouteConfiguration. */
export function scopeOf(host: string, routes: string): EncodedResource {
  const key = { fragments: [{ stringKey: host }] }
  const message = { name: host, key, routeConfigurationName: routes }
  return makeResource(TYPE_URLS.scopedRoute, host, encode('envoy.config.route.v3.ScopedRouteConfiguration', message))
}

/** A host's certificate. */
export function secretOf(name: string): EncodedResource {
  return makeResource(TYPE_URLS.secret, name, encode('envoy.extensions.transport_sockets.tls.v3.Secret', { name }))
}

/** A listener. */
export function listenerOf(name: string): EncodedResource {
  return makeResource(TYPE_URLS.listener, name, encode('envoy.config.listener.v3.Listener', { name }))
}

/** All that a group has at first. */
export function groupOf(group: string, text = ''): readonly EncodedResource[] {
  const routes = `${group}/routes`
  return [
    clusterOf(`${group}/c`),
    endpointsOf(`${group}/c`),
    routesOf(routes, text),
    scopeOf(`${group}.example`, routes),
  ]
}

let streams = 0

interface Connected {
  readonly client: SimulatedClient<FleetStream>
  readonly stream: FleetStream
}

/** A client on a fleet; it asks for RouteConfigurations and endpoints as an Envoy does, once it knows their names. */
export function connect(fleet: Fleet, { isCanary = false } = {}): Connected {
  streams += 1
  const stream = new FleetStream(fleet, {
    id: `stream-${streams}`,
    variant: 'delta',
    types: AGGREGATED_TYPES,
    window: { maxResponses: 64, maxBytes: 1 << 20, maxResponseBytes: 1 << 20 },
    answerTimeoutMs: 5000,
    ...{ isCounted: true, isCanary },
    onChange: () => undefined,
  })
  return { client: new SimulatedClient(stream), stream }
}

/** An open fleet with the first resources of some groups. */
export function fleetWith(...groups: readonly string[]): Fleet {
  const fleet = new Fleet()
  for (const group of groups) fleet.store.publish(group, groupOf(group))
  fleet.store.open()
  return fleet
}

/** A client on a fleet that has asked for everything and has it. */
export function started(fleet: Fleet, options: Parameters<typeof connect>[1] = {}): SimulatedClient {
  const { client } = connect(fleet, options)
  client.subscribeAll()
  client.follow()
  return client
}
