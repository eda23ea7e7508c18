import { status } from '@grpc/grpc-js'
import { TYPE_URLS } from '@bulkhead/envoy'
import { beforeEach, describe, expect, test } from 'vitest'
import { clusterOf, groupOf, secretOf } from '../fleet/testing/sample.ts'
import { FIRST, MEMBER, NODE, SDS, useWorld } from './testing/test-server.ts'

const world = useWorld()

describe('what a stream may ask', () => {
  beforeEach(() => world.fleet.store.open())

  test('rule 88: too many streams of one connection are refused', async () => {
    await world.start({ limits: { maxAggregatedStreamsPerConnection: 1 } })
    const client = await world.connect()
    const first = client.stream()
    first.send(FIRST)
    await first.next()
    const ended = await client.stream().ended
    expect(ended).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      details: expect.stringContaining('connection has 1 already') as string,
    })
  })

  test('rule 88: the Envoys of a fleet have one identity and a stream each, up to the size of a fleet', async () => {
    await world.start({ limits: { maxAggregatedStreams: 6 } })
    const pair = await world.authority.issue(MEMBER)
    const streams = Array.from({ length: 6 }, () => world.connectWith(pair).stream())
    for (const stream of streams) {
      stream.send(FIRST)
      await stream.next()
    }
    const ended = await world.connectWith(pair).stream().ended
    expect(ended).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      details: expect.stringContaining('fleet has 6 already') as string,
    })
    expect(world.server.streamCount).toBe(6)
  })

  test('rule 88: too many names in a request are refused', async () => {
    await world.start({ limits: { maxNamesPerRequest: 2 } })
    const stream = (await world.connect()).stream()
    stream.send({ ...FIRST, resourceNamesSubscribe: ['a', 'b', 'c'] })
    const ended = await stream.ended
    expect(ended).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      details: expect.stringContaining('3 names') as string,
    })
  })

  test('rule 88: too many names on a stream are refused', async () => {
    await world.start({ limits: { maxNamesPerStream: 3 } })
    const stream = (await world.connect()).stream()
    stream.send({ ...FIRST, resourceNamesSubscribe: ['a', 'b'] })
    stream.send({ ...FIRST, resourceNamesSubscribe: ['c', 'd'] })
    expect((await stream.ended).code).toBe(status.RESOURCE_EXHAUSTED)
  })

  test('rule 88: requests that come too fast are refused, on all streams of a connection together', async () => {
    await world.start({ limits: { aggregatedRequests: { perSecond: 0, burst: 3 } } })
    const client = await world.connect()
    const [one, other] = [client.stream(), client.stream()]
    for (const stream of [one, other, one, other]) stream.send(FIRST)
    const codes = await Promise.race([one.ended, other.ended])
    expect(codes).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      details: expect.stringContaining('faster') as string,
    })
    const neighbour = (await world.connect()).stream()
    neighbour.send(FIRST)
    expect(await neighbour.next()).toBeDefined()
  })

  test('rule 88: names that nobody has use up nothing of those that exist', async () => {
    world.fleet.store.publish('a', [secretOf('a.example')])
    await world.start({ limits: { secretRequests: { perSecond: 0, burst: 2 } } })
    const client = await world.connect()
    const ask = (name: string) => {
      const stream = client.stream(`${SDS}/DeltaSecrets`)
      stream.send({ node: NODE, resourceNamesSubscribe: [name] })
      return stream
    }
    for (const name of ['x.example', 'y.example']) expect((await ask(name).next()).removedResources).toEqual([name])
    expect((await ask('z.example').ended).code).toBe(status.RESOURCE_EXHAUSTED)
    expect((await ask('a.example').next()).resources?.map(({ name }) => name)).toEqual(['a.example'])
  })

  test('rule 88: a stream of certificates holds few names', async () => {
    await world.start({ limits: { maxNamesPerSecretStream: 1 } })
    const stream = (await world.connect()).stream(`${SDS}/DeltaSecrets`)
    stream.send({ node: NODE, resourceNamesSubscribe: ['a.example', 'b.example'] })
    expect((await stream.ended).code).toBe(status.RESOURCE_EXHAUSTED)
  })

  test('rule 88, S-146: a message beyond the limit ends the stream, and the server goes on', async () => {
    await world.start({ limits: { maxMessageBytes: 1000 } })
    const client = await world.connect()
    const stream = client.stream()
    stream.send({ ...FIRST, resourceNamesSubscribe: ['x'.repeat(2000)] })
    expect((await stream.ended).code).toBe(status.RESOURCE_EXHAUSTED)
    const next = client.stream()
    next.send(FIRST)
    expect(await next.next()).toBeDefined()
  })

  test('rule 89: bytes that are no request end one stream, and no other', async () => {
    await world.start()
    const client = await world.connect()
    const good = client.stream()
    good.send(FIRST)
    await good.next()
    const bad = client.stream()
    bad.sendBytes(Buffer.from([0xff, 0xff, 0xff, 0xff]))
    expect((await bad.ended).code).toBe(status.INVALID_ARGUMENT)
    world.fleet.store.publish('a', [clusterOf('a/c')])
    expect((await good.next()).resources).toHaveLength(1)
  })

  test('rule 89: a fault of our own ends one stream, and is reported', async () => {
    await world.start()
    const client = await world.connect()
    const stream = client.stream()
    stream.send(FIRST)
    await stream.next()
    // A resource that cannot be spliced stands for any mistake in what is served.
    world.fleet.store.publish('a', [
      {
        ...clusterOf('a/c'),
        get deltaChunk(): Uint8Array {
          throw new Error('broken')
        },
      },
    ])
    expect((await stream.ended).code).toBe(status.INTERNAL)
    expect(world.faults).toMatchObject([{ message: 'broken' }])
  })

  test('rule 84, rule 85, S-145: a reader that does not read holds a bounded number of bytes, others go on', async () => {
    const bytes = 400_000
    const big = 'x'.repeat(bytes)
    for (let at = 0; at < 60; at += 1) world.fleet.store.publish(`g${at}`, [clusterOf(`g${at}/c`, `${big}${at}`)])
    await world.start()
    const slow = await world.connectDeaf()
    await expect.poll(() => world.server.bufferedBytes).toBeGreaterThan(bytes)
    const quick = (await world.connect()).stream()
    quick.send(FIRST)
    for (let received = 0; received < 20; received += 1) {
      const { nonce } = await quick.next()
      quick.send({ typeUrl: TYPE_URLS.cluster, responseNonce: nonce })
    }
    // All that is written for the slow one, whatever it is owed: 24 MB in all.
    expect(world.server.bufferedBytes).toBeGreaterThan(bytes)
    expect(world.server.bufferedBytes).toBeLessThan(6 * bytes)
    slow.destroy()
    await expect.poll(() => world.server.bufferedBytes).toBe(0)
  })

  test('rule 92: a push of many groups yields to others', async () => {
    for (let at = 0; at < 200; at += 1) world.fleet.store.publish(`g${at}`, groupOf(`g${at}`).slice(0, 1))
    await world.start()
    const stream = (await world.connect()).stream()
    // What else waits for the thread gets it between two parts of the push, which is far longer than one part.
    let turns = 0
    let isOver = false
    const others = (): void => {
      turns += 1
      if (!isOver) setImmediate(others)
    }
    stream.send(FIRST)
    await stream.next()
    setImmediate(others)
    for (let received = 1; received < 200; received += 1) {
      const { nonce } = await stream.next()
      stream.send({ typeUrl: TYPE_URLS.cluster, responseNonce: nonce })
    }
    isOver = true
    expect(turns).toBeGreaterThan(200 / 32)
  })
})
