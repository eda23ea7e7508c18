import { status } from '@grpc/grpc-js'
import { TYPE_URLS } from '@bulkhead/envoy'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { clusterOf } from '../fleet/testing/sample.ts'
import { DELTA } from './testing/test-client.ts'
import { ADS, ENVOY, FIRST, MEMBER, NODE, SDS, useWorld } from './testing/test-server.ts'
import { ThrowawayAuthority } from './testing/throwaway-authority.ts'

const CANARY = 'spiffe://bulkhead/fleet/shared/canary'

const world = useWorld()

describe('who may come in', () => {
  beforeEach(() => world.fleet.store.open())

  test.each([
    ['of another fleet', { uris: ['spiffe://bulkhead/fleet/other/envoy'] }],
    ['without a SPIFFE ID', { dns: ['envoy'] }],
    ['with two SPIFFE IDs', { uris: [ENVOY, 'spiffe://bulkhead/fleet/other/envoy'] }],
    ['with a SPIFFE ID as a host name', { dns: [ENVOY.replaceAll('/', '.')] }],
  ])('rule 78, S-152: a certificate %s is refused, and gets no bytes', async (_title, wanted) => {
    await world.start()
    const stream = (await world.connect(wanted)).stream()
    stream.send(FIRST)
    expect((await stream.ended).code).toBe(status.PERMISSION_DENIED)
    expect(stream.raw).toEqual([])
  })

  test('a canary is an Envoy of the fleet that gets changes first', async () => {
    world.fleet.store.publish('a', [clusterOf('a/c')])
    await world.start()
    const streams = [await world.connect(), await world.connect({ uris: [CANARY] })].map((each) => each.stream())
    for (const stream of streams) {
      stream.send(FIRST)
      const { nonce = '' } = await stream.next()
      stream.send({ typeUrl: TYPE_URLS.cluster, responseNonce: nonce })
    }
    await vi.waitFor(() => expect(world.fleet.first?.isCanary).toBe(true))
    expect([...world.fleet.streams].map(({ isCanary }) => isCanary)).toEqual([false, true])
  })

  test('S-139: without a certificate no method answers', async () => {
    await world.start()
    const client = world.connectWith()
    for (const method of [DELTA, `${ADS}/StreamAggregatedResources`, `${SDS}/DeltaSecrets`, `${SDS}/StreamSecrets`]) {
      const stream = client.stream(method)
      expect((await stream.ended).code).toBe(status.UNAVAILABLE)
      expect(stream.raw).toEqual([])
    }
    expect((await client.unary('/grpc.health.v1.Health/Check')).code).toBe(status.UNAVAILABLE)
  })

  test('S-151: a certificate of another authority is refused', async () => {
    await world.start()
    const other = await ThrowawayAuthority.create()
    const client = world.connectWith(await other.issue(MEMBER))
    expect((await client.stream().ended).code).toBe(status.UNAVAILABLE)
    other.remove()
  })

  test('S-140, rule 78: a forged node.cluster is refused', async () => {
    await world.start()
    const stream = (await world.connect()).stream()
    stream.send({ ...FIRST, node: { id: 'envoy-0', cluster: 'other' } })
    expect((await stream.ended).code).toBe(status.PERMISSION_DENIED)
    expect(stream.raw).toEqual([])
  })

  test('rule 2, rule 3, rule 4: a stream with a wrong node or no type ends with INVALID_ARGUMENT', async () => {
    await world.start()
    const client = await world.connect()
    for (const requests of [
      [{ typeUrl: TYPE_URLS.cluster }],
      [{ node: NODE }],
      [FIRST, { ...FIRST, node: { ...NODE, id: 'envoy-1' } }],
    ]) {
      const stream = client.stream()
      for (const request of requests) stream.send(request)
      expect((await stream.ended).code).toBe(status.INVALID_ARGUMENT)
    }
  })

  test.each([`${ADS}/StreamAggregatedResources`, `${SDS}/StreamSecrets`])(
    'the state of the world is refused to a fleet, saying what to use: %s',
    async (path) => {
      await world.start()
      const ended = await (await world.connect()).stream(path).ended
      expect(ended.code).toBe(status.PERMISSION_DENIED)
      expect(ended.details).toContain('DELTA_GRPC')
    },
  )

  test.each([
    '/envoy.service.cluster.v3.ClusterDiscoveryService/FetchClusters',
    `${SDS}/FetchSecrets`,
    '/envoy.service.load_stats.v3.LoadReportingService/StreamLoadStats',
    '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
  ])('rule 80, rule 81: %s is not implemented', async (path) => {
    await world.start()
    expect((await (await world.connect()).unary(path)).code).toBe(status.UNIMPLEMENTED)
  })
})
