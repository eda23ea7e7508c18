import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { EncodedResource } from '@bulkhead/envoy'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Fleet } from '../fleet/index.ts'
import { memberOfFleet, startXdsServer } from './index.ts'
import type { XdsServer } from './index.ts'
import { askEdition, edgeGroup, edgeListener } from './testing/edge.ts'
import { ask, freePort, RealEnvoy } from './testing/real-envoy.ts'
import type { CertificateFiles } from './certificates.ts'
import { ThrowawayAuthority } from './testing/throwaway-authority.ts'
import { ENVOY } from './testing/test-server.ts'

const PATIENCE = { timeout: 15_000, interval: 20 }

let authority: ThrowawayAuthority
let backend: Server
let edgePort: number
let xdsPort: number
let fleet: Fleet
let server: XdsServer
let files: CertificateFiles
let own: CertificateFiles
const envoys: RealEnvoy[] = []

function groupOf(group: string, text: string, backendName = 'c'): readonly EncodedResource[] {
  return edgeGroup(group, { text, backendName, port: (backend.address() as AddressInfo).port })
}

async function startServer(): Promise<void> {
  server = await startXdsServer({
    host: '127.0.0.1',
    port: xdsPort,
    certificates: own,
    identityOf: memberOfFleet('bulkhead', 'shared'),
    fleetOf: () => fleet,
    onFault: (fault) => expect.unreachable(String(fault)),
  })
}

function startEnvoy(id: string): RealEnvoy {
  const envoy = new RealEnvoy(id, authority.folder, { port: xdsPort, files })
  envoys.push(envoy)
  return envoy
}

const edition = (host: string) => () => askEdition(edgePort, host)

function fillFleet(a: string, b: string): Fleet {
  const filled = new Fleet()
  filled.store.publish('platform', [edgeListener(edgePort)])
  filled.store.publish('a', groupOf('a', a))
  filled.store.publish('b', groupOf('b', b))
  filled.store.open()
  return filled
}

describe('a real Envoy', () => {
  beforeAll(async () => {
    authority = await ThrowawayAuthority.create()
    own = authority.write('server', await authority.issue({ dns: ['localhost'] }))
    files = authority.write('envoy', await authority.issue({ uris: [ENVOY] }))
    backend = createServer((_request, response) => response.end('ok')).listen(0, '127.0.0.1')
    await new Promise((resolve) => backend.once('listening', resolve))
    edgePort = await freePort()
    xdsPort = await freePort()
    fleet = fillFleet('first', 'first')
    await startServer()
    startEnvoy('envoy-0')
  })

  afterAll(async () => {
    await Promise.all(envoys.map((envoy) => envoy.stop()))
    await server.close(0)
    backend.closeAllConnections()
    backend.close()
    authority.remove()
  })

  test('loads clusters, endpoints, the listener, hosts and routes, and serves both groups', async () => {
    await expect.poll(edition('a.example'), PATIENCE).toBe('200 first')
    await expect.poll(edition('b.example'), PATIENCE).toBe('200 first')
    expect(await edition('nobody.example')()).toBe('404 undefined')
    await expect.poll(() => fleet.programmed('a'), PATIENCE).toEqual({ connected: 1, acked: 1, nacked: [] })
  })

  test('an edit arrives', async () => {
    fleet.store.publish('a', groupOf('a', 'second'))
    await expect.poll(edition('a.example'), PATIENCE).toBe('200 second')
    expect(await edition('b.example')()).toBe('200 first')
  })

  test('rule 86, rule 87, F-05: bad routes are refused, the old ones serve on, and another group is not touched', async () => {
    fleet.store.publish('a', groupOf('a', 'bad'))
    fleet.store.publish('b', groupOf('b', 'second'))
    await expect.poll(() => fleet.programmed('a').nacked.length, PATIENCE).toBe(1)
    expect(fleet.programmed('a').nacked[0]).toMatchObject({ nodeId: 'envoy-0', resourceNames: ['a/routes'] })
    expect(fleet.programmed('a').nacked[0]?.message).toContain('missing )')
    await expect.poll(edition('b.example'), PATIENCE).toBe('200 second')
    expect(await edition('a.example')()).toBe('200 second')
  })

  test('rule 14, rule 87: what was refused is not sent again, and a new Envoy gets the last good', async () => {
    await envoys[0]!.stop()
    const newcomer = startEnvoy('envoy-1')
    await expect.poll(edition('a.example'), PATIENCE).toBe('200 second')
    await expect.poll(edition('b.example'), PATIENCE).toBe('200 second')
    expect(await newcomer.stat('http.edge.rds.a/routes.update_rejected')).toBe(0)
  })

  test('F-06 mending what was refused reaches Envoy', async () => {
    fleet.store.publish('a', groupOf('a', 'third'))
    await expect.poll(edition('a.example'), PATIENCE).toBe('200 third')
    await expect.poll(() => fleet.programmed('a'), PATIENCE).toEqual({ connected: 1, acked: 1, nacked: [] })
  })

  test('rule 55, F-10: moving routes between backends fails no request', async () => {
    const seen = new Map<number, number>()
    for (let turn = 0; turn < 20; turn += 1) {
      fleet.store.publish('a', groupOf('a', `turn ${turn}`, `backend-${turn}`))
      for (let now = ''; now !== `200 turn ${turn}`;) {
        const { status, headers } = await ask(edgePort, 'a.example')
        seen.set(status, (seen.get(status) ?? 0) + 1)
        now = `${status} ${String(headers['x-edition'])}`
      }
    }
    expect([...seen.keys()]).toEqual([200])
    await expect.poll(() => envoys[1]!.stat('cluster_manager.active_clusters'), PATIENCE).toBe(3)
  })

  test('F-02 a server that starts anew with the same content sends nothing, and Envoy serves on', async () => {
    const updates = async (): Promise<readonly (number | undefined)[]> =>
      Promise.all(
        [
          'cluster_manager.cds.update_success',
          'listener_manager.lds.update_success',
          'http.edge.scoped_rds.hosts.update_success',
        ].map((name) => envoys[1]!.stat(name)),
      )
    const before = await updates()
    await server.close(0)
    expect(await edition('a.example')()).toBe('200 turn 19')
    fleet = new Fleet()
    await startServer()
    fleet.store.publish('platform', [edgeListener(edgePort)])
    fleet.store.publish('a', groupOf('a', 'turn 19', 'backend-19'))
    fleet.store.publish('b', groupOf('b', 'second'))
    fleet.store.open()
    await expect.poll(() => fleet.programmed('a'), PATIENCE).toEqual({ connected: 1, acked: 1, nacked: [] })
    expect(await updates()).toEqual(before)
    fleet.store.publish('b', groupOf('b', 'third'))
    await expect.poll(edition('b.example'), PATIENCE).toBe('200 third')
  })

  test('rule 53: a group that goes is gone, and the other stays', async () => {
    fleet.store.publish('b', [])
    await expect.poll(edition('b.example'), PATIENCE).toBe('404 undefined')
    await expect.poll(() => fleet.programmed('b').acked, PATIENCE).toBe(1)
    expect(await edition('a.example')()).toBe('200 turn 19')
    await expect.poll(() => envoys[1]!.stat('cluster_manager.active_clusters'), PATIENCE).toBe(2)
  })
})
