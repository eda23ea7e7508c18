import { status } from '@grpc/grpc-js'
import { encode, TYPE_URLS } from '@bulkhead/envoy'
import { beforeEach, describe, expect, test } from 'vitest'
import { clusterOf, endpointsOf, listenerOf, routesOf, scopeOf, secretOf } from '../fleet/testing/sample.ts'
import { DISCOVERY_METHODS } from './services.ts'
import { ADS, NODE, OTHER, useWorld } from './testing/test-server.ts'

const world = useWorld()
const everything = [
  clusterOf('c'),
  endpointsOf('c'),
  routesOf('r'),
  scopeOf('a.example', 'r'),
  listenerOf('l'),
  secretOf('s'),
]

/** The methods of one type each, with that type and the name of the resource that the fleet has. */
const ownMethods = DISCOVERY_METHODS.flatMap(({ definition: { path }, variant, ownType }) =>
  everything.filter(({ typeUrl }) => typeUrl === ownType).map(({ name }) => ({ path, variant, name })),
)

describe('services', () => {
  beforeEach(() => {
    world.fleet.store.publish('a', everything)
    world.fleet.store.open()
  })

  test('there are six of one type, each in both variants', async () => {
    await world.start()
    expect(ownMethods).toHaveLength(12)
  })

  test.each(ownMethods.filter(({ variant }) => variant === 'delta'))(
    'rule 5: $path serves its own type without being told',
    async ({ path, name }) => {
      await world.start()
      const stream = (await world.connect()).stream(path)
      stream.send({ node: NODE, resourceNamesSubscribe: [name] })
      expect((await stream.next()).resources?.map((each) => each.name)).toEqual([name])
      // What a fleet has accepted is decided by its aggregated streams alone.
      expect([...world.fleet.streams]).toEqual([])
    },
  )

  test.each(ownMethods.filter(({ variant }) => variant === 'sotw'))(
    'rule 5: $path serves its own type to whoever is no Envoy, and an edit follows',
    async ({ path, name }) => {
      await world.start()
      const stream = (await world.connect(OTHER)).world(path)
      stream.send({ node: NODE, resourceNames: [name] })
      const { resources = [], versionInfo, nonce } = await stream.next()
      expect(resources).toHaveLength(1)
      expect([versionInfo, nonce]).not.toContain('')
    },
  )

  test.each(ownMethods.filter(({ variant }) => variant === 'sotw'))(
    '$path is refused to an Envoy, saying what to use',
    async ({ path }) => {
      await world.start()
      const ended = await (await world.connect()).world(path).ended
      expect(ended.code).toBe(status.PERMISSION_DENIED)
      expect(ended.details).toContain('DELTA_GRPC')
    },
  )

  test('rule 6: a stream of one type gives nothing of another', async () => {
    await world.start()
    const stream = (await world.connect()).stream('/envoy.service.cluster.v3.ClusterDiscoveryService/DeltaClusters')
    stream.send({ node: NODE, typeUrl: TYPE_URLS.secret, resourceNamesSubscribe: ['s'] })
    stream.send({ node: NODE, resourceNamesSubscribe: ['c'] })
    expect((await stream.next()).typeUrl).toBe(TYPE_URLS.cluster)
  })

  test('rule 40, rule 83: the state of the world is spliced, byte-equal to what the codec writes', async () => {
    world.fleet.store.publish('b', [clusterOf('other')])
    await world.start()
    const stream = (await world.connect(OTHER)).world(`${ADS}/StreamAggregatedResources`)
    stream.send({ node: NODE, typeUrl: TYPE_URLS.cluster })
    const first = await stream.next()
    expect(first.resources).toHaveLength(2)
    expect(stream.raw[0]?.toString('hex')).toBe(
      Buffer.from(encode('envoy.service.discovery.v3.DiscoveryResponse', first)).toString('hex'),
    )
    stream.send({ typeUrl: TYPE_URLS.cluster, versionInfo: first.versionInfo ?? '', responseNonce: first.nonce ?? '' })
    world.fleet.store.publish('b', [])
    expect((await stream.next()).resources).toHaveLength(1)
    expect([...world.fleet.streams]).toEqual([])
  })

  test('rule 89: bytes that are no request end a stream of either variant, saying what was expected', async () => {
    await world.start()
    const client = await world.connect(OTHER)
    const streams = [client.stream(), client.world(`${ADS}/StreamAggregatedResources`)]
    for (const stream of streams) stream.sendBytes(Buffer.from('nonsense'))
    const endings = await Promise.all(streams.map((stream) => stream.ended))
    expect(endings.map(({ code }) => code)).toEqual([status.INVALID_ARGUMENT, status.INVALID_ARGUMENT])
    expect(endings.map(({ details }) => details.split(' ').at(-1))).toEqual([
      'DeltaDiscoveryRequest',
      'DiscoveryRequest',
    ])
  })
})
