// A server for tests, with its own authority, one fleet and one member; everything ends with the test.
import { connect as connectHttp2 } from 'node:http2'
import type { ClientHttp2Session } from 'node:http2'
import { TYPE_URLS } from '@bulkhead/envoy'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { Fleet } from '../../fleet/index.ts'
import { memberOfFleet, startXdsServer } from '../index.ts'
import type { XdsServer, XdsServerOptions } from '../index.ts'
import { DELTA, framed, secureWith, TestClient } from './test-client.ts'
import { ThrowawayAuthority } from './throwaway-authority.ts'
import type { Pair, Wanted } from './throwaway-authority.ts'

export const ADS = '/envoy.service.discovery.v3.AggregatedDiscoveryService'
export const SDS = '/envoy.service.secret.v3.SecretDiscoveryService'
export const ENVOY = 'spiffe://bulkhead/fleet/shared/envoy'
export const NODE = { id: 'envoy-0', cluster: 'shared' }
/** The first request of a member for clusters. */
export const FIRST = { node: NODE, typeUrl: TYPE_URLS.cluster }
/** The certificate of a member. */
export const MEMBER: Wanted = { uris: [ENVOY] }

/** The certificate of somebody who is no Envoy, and may ask for the state of the world. */
export const OTHER: Wanted = { uris: ['spiffe://bulkhead/fleet/shared/client'] }

/** What one test file works with; new for every test. */
export interface World {
  fleet: Fleet
  server: XdsServer
  authority: ThrowawayAuthority
  /** The server's own pair. */
  own: Pair
  readonly faults: unknown[]
  start(options?: Partial<XdsServerOptions>): Promise<void>
  /** A client with a certificate of our authority. */
  connect(wanted?: Wanted): Promise<TestClient>
  /** A member that asks for clusters and never reads, so that HTTP/2 itself holds the server back. */
  connectDeaf(): Promise<ClientHttp2Session>
  /** A client with whatever it brings. */
  connectWith(pair?: Pair): TestClient
}

/** Sets a world up before each test of a file, and takes it down after. */
export function useWorld(): World {
  const clients: TestClient[] = []
  const world: Partial<World> & Pick<World, 'faults'> = { faults: [] }
  const ready = world as World
  world.start = async (options = {}) => {
    ready.server = await startXdsServer({
      host: '127.0.0.1',
      port: 0,
      certificates: ready.authority.write('server', ready.own),
      identityOf: memberOfFleet('bulkhead', 'shared'),
      fleetOf: (name) => (name === 'shared' ? ready.fleet : undefined),
      onFault: (fault) => ready.faults.push(fault),
      ...options,
    })
  }
  world.connectWith = (pair) => {
    const client = new TestClient(ready.server.port, secureWith(ready.authority.root, pair))
    clients.push(client)
    return client
  }
  world.connect = async (wanted = MEMBER) => ready.connectWith(await ready.authority.issue(wanted))
  world.connectDeaf = async () => {
    const { cert, key } = await ready.authority.issue(MEMBER)
    const session = connectHttp2(`https://localhost:${ready.server.port}`, { ca: ready.authority.root, cert, key })
    const headers = { ':method': 'POST', ':path': DELTA, 'content-type': 'application/grpc', te: 'trailers' }
    const stream = session.request(headers, { endStream: false })
    for (const each of [session, stream]) each.on('error', () => undefined) // the server goes first
    stream.write(framed(FIRST))
    return session
  }
  beforeAll(async () => {
    ready.authority = await ThrowawayAuthority.create()
    ready.own = await ready.authority.issue({ dns: ['localhost'] })
  })
  beforeEach(() => {
    ready.fleet = new Fleet()
    ready.faults.splice(0)
  })
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close()
    await ready.server.close(0)
  })
  afterAll(() => ready.authority.remove())
  return ready
}
