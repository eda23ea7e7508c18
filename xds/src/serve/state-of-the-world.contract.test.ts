import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Fleet } from '../fleet/index.ts'
import { memberOfFleet, startXdsServer } from './index.ts'
import type { XdsServer } from './index.ts'
import { askEdition, edgeGroup, edgeListener } from './testing/edge.ts'
import { ask, freePort, RealEnvoy } from './testing/real-envoy.ts'
import { OTHER } from './testing/test-server.ts'
import { ThrowawayAuthority } from './testing/throwaway-authority.ts'

const PATIENCE = { timeout: 15_000, interval: 20 }

let authority: ThrowawayAuthority
let backend: Server
let server: XdsServer
let envoy: RealEnvoy
let edgePort: number
const fleet = new Fleet()

const groupOf = (group: string, text: string, backendName = 'c') =>
  edgeGroup(group, { text, backendName, port: (backend.address() as AddressInfo).port })

const edition = (host: string) => () => askEdition(edgePort, host)

describe('a real Envoy that asks for the state of the world', () => {
  beforeAll(async () => {
    authority = await ThrowawayAuthority.create()
    backend = createServer((_request, response) => response.end('ok')).listen(0, '127.0.0.1')
    await new Promise((resolve) => backend.once('listening', resolve))
    edgePort = await freePort()
    fleet.store.publish('platform', [edgeListener(edgePort)])
    for (const group of ['a', 'b']) fleet.store.publish(group, groupOf(group, 'first'))
    fleet.store.open()
    server = await startXdsServer({
      ...{ host: '127.0.0.1', port: 0, identityOf: memberOfFleet('bulkhead', 'shared'), fleetOf: () => fleet },
      certificates: authority.write('server', await authority.issue({ dns: ['localhost'] })),
      onFault: (fault) => expect.unreachable(String(fault)),
    })
    const files = authority.write('client', await authority.issue(OTHER))
    envoy = new RealEnvoy('world-0', authority.folder, { port: server.port, files, apiType: 'GRPC' })
  })

  afterAll(async () => {
    await envoy.stop()
    await server.close(0)
    backend.closeAllConnections()
    backend.close()
    authority.remove()
  })

  test('loads clusters, endpoints, the listener, hosts and routes, and serves both groups', async () => {
    await expect.poll(edition('a.example'), PATIENCE).toBe('200 first')
    await expect.poll(edition('b.example'), PATIENCE).toBe('200 first')
    expect(await edition('nobody.example')()).toBe('404 undefined')
  })

  test('an edit arrives, and another group is not touched', async () => {
    fleet.store.publish('a', groupOf('a', 'second'))
    await expect.poll(edition('a.example'), PATIENCE).toBe('200 second')
    expect(await edition('b.example')()).toBe('200 first')
  })

  test('rule 55: moving routes between backends fails no request', async () => {
    const seen = new Set<number>()
    for (let turn = 0; turn < 10; turn += 1) {
      fleet.store.publish('a', groupOf('a', `turn ${turn}`, `backend-${turn}`))
      for (let now = ''; now !== `200 turn ${turn}`;) {
        const { status, headers } = await ask(edgePort, 'a.example')
        seen.add(status)
        now = `${status} ${String(headers['x-edition'])}`
      }
    }
    expect([...seen]).toEqual([200])
    await expect.poll(() => envoy.stat('cluster_manager.active_clusters'), PATIENCE).toBe(3)
  })

  test('rule 40: a group that is gone is gone from Envoy', async () => {
    fleet.store.publish('b', [])
    await expect.poll(edition('b.example'), PATIENCE).toBe('404 undefined')
    await expect.poll(() => envoy.stat('cluster_manager.active_clusters'), PATIENCE).toBe(2)
    expect(await edition('a.example')()).toBe('200 turn 9')
  })
})
