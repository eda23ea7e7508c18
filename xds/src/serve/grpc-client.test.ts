import { Client, credentials, Server, ServerCredentials } from '@grpc/grpc-js'
import type { handleUnaryCall, MethodDefinition } from '@grpc/grpc-js'
import { register } from '@grpc/grpc-js-xds'
import { anyOf, encode, makeResource, TYPE_URLS } from '@bulkhead/envoy'
import type { EncodedResource } from '@bulkhead/envoy'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { Fleet } from '../fleet/index.ts'
import { endpointsOf } from '../fleet/testing/sample.ts'
import { DEFAULT_LIMITS, listen, serveStreams, Streams } from './index.ts'

// gRPC's own xDS client speaks no mutual TLS: it gets the same streams in plain text.
const ADS = { ads: {}, resourceApiVersion: 'V3' } as const
const PATIENCE = { timeout: 15_000, interval: 50 }
const HCM = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'
const fleet = new Fleet()
const ended: (() => Promise<void> | void)[] = []

const bytesOf = (text: string): Buffer => Buffer.from(text)
const method: MethodDefinition<string, string> = {
  ...{ path: '/greeter.Greeter/Greet', requestStream: false, responseStream: false },
  ...{ requestSerialize: bytesOf, requestDeserialize: String },
  ...{ responseSerialize: bytesOf, responseDeserialize: String },
}

async function startBackend(name: string): Promise<number> {
  const server = new Server()
  const greet: handleUnaryCall<string, string> = ({ request }, answer) => answer(null, `${name}: ${request}`)
  server.addService({ Greet: method }, { Greet: greet })
  const port = await listen(server, '127.0.0.1:0', ServerCredentials.createInsecure())
  ended.push(() => server.forceShutdown())
  return port
}

function listenerOf(name: string): EncodedResource {
  const hcm = anyOf(HCM, {
    rds: { configSource: ADS, routeConfigName: `${name}/routes` },
    httpFilters: [{ name: 'router', typedConfig: anyOf('envoy.extensions.filters.http.router.v3.Router', {}) }],
  })
  const message = { name, apiListener: { apiListener: hcm } }
  return makeResource(TYPE_URLS.listener, name, encode('envoy.config.listener.v3.Listener', message))
}

function routesOf(name: string, cluster: string): EncodedResource {
  const message = {
    name: `${name}/routes`,
    virtualHosts: [{ name, domains: ['*'], routes: [{ match: { prefix: '' }, route: { cluster } }] }],
  }
  const bytes = encode('envoy.config.route.v3.RouteConfiguration', message)
  return makeResource(TYPE_URLS.routeConfiguration, message.name, bytes)
}

function clusterOf(name: string): EncodedResource {
  const message = { name, type: 'EDS', edsClusterConfig: { edsConfig: ADS }, lbPolicy: 'ROUND_ROBIN' } as const
  return makeResource(TYPE_URLS.cluster, name, encode('envoy.config.cluster.v3.Cluster', message))
}

/** A service that leads to one backend. */
function serviceOf(name: string, backend: string, port: number): readonly EncodedResource[] {
  const endpoint = { address: { socketAddress: { address: '127.0.0.1', portValue: port } } }
  const locality = { region: 'here', zone: '', subZone: '' }
  const message = {
    clusterName: backend,
    endpoints: [{ locality, loadBalancingWeight: 1, lbEndpoints: [{ endpoint, healthStatus: 'HEALTHY' }] }],
  } as const
  const bytes = encode('envoy.config.endpoint.v3.ClusterLoadAssignment', message)
  const endpoints = makeResource(TYPE_URLS.endpoints, backend, bytes)
  return [listenerOf(name), routesOf(name, backend), clusterOf(backend), endpoints]
}

function greet(client: Client): Promise<string | undefined> {
  const { path, requestSerialize, responseDeserialize } = method
  const deadline = Date.now() + PATIENCE.timeout
  return new Promise((resolve) => {
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, 'hello', { deadline }, (fault, answer) =>
      resolve(fault === null ? answer : fault.message),
    )
  })
}

let client: Client
beforeAll(async () => {
  const streams = new Streams({
    memberOf: () => ({ id: 'grpc', role: 'client', expiresAtMs: Infinity, fleetFor: () => fleet }),
    ...{ limits: DEFAULT_LIMITS, answerTimeoutMs: 5_000, nowMs: Date.now, random: Math.random },
    onFault: (fault) => expect.unreachable(String(fault)),
    sleep: () => Promise.resolve(),
  })
  const door = { address: '127.0.0.1:0', credentials: ServerCredentials.createInsecure(), limits: DEFAULT_LIMITS }
  const xds = await serveStreams(streams, door)
  ended.push(() => xds.close(0))
  const server = { server_uri: `127.0.0.1:${xds.port}`, channel_creds: [{ type: 'insecure' }] }
  const servers = [{ ...server, server_features: ['xds_v3'] }]
  vi.stubEnv(
    'GRPC_XDS_BOOTSTRAP_CONFIG',
    JSON.stringify({ xds_servers: servers, node: { id: 'grpc-0', locality: {} } }),
  )
  register()
  client = new Client('xds:///greeter', credentials.createInsecure())
})
afterAll(async () => {
  client.close()
  for (const end of ended) await end()
  vi.unstubAllEnvs()
})

test("rule 27, rule 40, rule 41: gRPC's own client finds a service by LDS, RDS, CDS and EDS, and follows its move", async () => {
  const [one, other] = [await startBackend('one'), await startBackend('other')]
  fleet.store.publish('greeter', serviceOf('greeter', 'greeter/one', one))
  fleet.store.publish('bystander', [...serviceOf('bystander', 'bystander/one', one), endpointsOf('nobody')])
  fleet.store.open()
  expect(await greet(client)).toBe('one: hello')
  fleet.store.publish('greeter', serviceOf('greeter', 'greeter/other', other))
  await expect.poll(() => greet(client), PATIENCE).toBe('other: hello')
})
