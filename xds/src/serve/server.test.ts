import { encode, TYPE_URLS } from '@bulkhead/envoy'
import { describe, expect, test } from 'vitest'
import { clusterOf, listenerOf, secretOf } from '../fleet/testing/sample.ts'
import { FIRST, NODE, SDS, useWorld } from './testing/test-server.ts'

const world = useWorld()

describe('streams', () => {
  test('a member gets its fleet, and an edit follows', async () => {
    world.fleet.store.publish('a', [clusterOf('a/c')])
    world.fleet.store.open()
    await world.start()
    const stream = (await world.connect()).stream()
    stream.send(FIRST)
    const first = await stream.next()
    expect(first.resources?.map((each) => each.name)).toEqual(['a/c'])
    stream.send({ typeUrl: TYPE_URLS.cluster, responseNonce: first.nonce })
    world.fleet.store.publish('a', [clusterOf('a/c', 'edited')])
    const second = await stream.next()
    expect(second.resources?.[0]?.version).toBe(clusterOf('a/c', 'edited').version)
    expect(world.faults).toEqual([])
  })

  test('rule 42: a stream that comes too early waits until the snapshot is complete', async () => {
    await world.start()
    const stream = (await world.connect()).stream()
    stream.send(FIRST)
    world.fleet.store.publish('a', [clusterOf('a/c')])
    world.fleet.store.open()
    const first = await stream.next()
    expect(first.resources).toHaveLength(1)
    expect(first.removedResources).toBeUndefined()
  })

  test('rule 83: what is spliced is byte-equal to what the codec writes', async () => {
    world.fleet.store.publish('a', [clusterOf('a/one'), clusterOf('a/two')])
    world.fleet.store.open()
    await world.start()
    const stream = (await world.connect()).stream()
    stream.send({ ...FIRST, resourceNamesSubscribe: ['*', 'unknown'] })
    const responses = [await stream.next(), await stream.next()]
    expect(responses.map((each) => each.removedResources ?? [])).toContainEqual(['unknown'])
    const again = responses.map((each) => encode('envoy.service.discovery.v3.DeltaDiscoveryResponse', each))
    expect(stream.raw.map((bytes) => bytes.toString('hex'))).toEqual(
      again.map((each) => Buffer.from(each).toString('hex')),
    )
  })

  test('rule 20: a stream that ends is forgotten', async () => {
    world.fleet.store.open()
    await world.start()
    const client = await world.connect()
    for (const finish of ['half', 'cancel'] as const) {
      const stream = client.stream()
      stream.send(FIRST)
      await stream.next()
      expect([...world.fleet.streams]).toHaveLength(1)
      stream[finish]()
      await stream.ended
      await expect.poll(() => [...world.fleet.streams].length + world.server.streamCount).toBe(0)
    }
  })

  test('rule 35: a resource has no alias, so its name is all that a subscription can match', async () => {
    world.fleet.store.publish('a', [clusterOf('a/c')])
    world.fleet.store.open()
    await world.start()
    const stream = (await world.connect()).stream()
    stream.send({ ...FIRST, resourceNamesSubscribe: ['a/c'] })
    const { resources = [], nonce = '' } = await stream.next()
    expect(resources.map(({ name, aliases = [] }) => [name, aliases])).toEqual([['a/c', []]])
    stream.send({ typeUrl: TYPE_URLS.cluster, responseNonce: nonce, resourceNamesUnsubscribe: ['a/c'] })
    stream.send({ typeUrl: TYPE_URLS.cluster, resourceNamesSubscribe: ['a/c'] })
    expect((await stream.next()).resources?.map(({ name }) => name)).toEqual(['a/c'])
  })

  test('rule 61: a certificate is answerable when the listener that asks for it is there, a missing one at once', async () => {
    world.fleet.store.publish('platform', [listenerOf('edge')])
    world.fleet.store.publish('a', [secretOf('a.example')])
    world.fleet.store.open()
    await world.start()
    const client = await world.connect()
    const stream = client.stream()
    stream.send({ node: NODE, typeUrl: TYPE_URLS.listener })
    expect((await stream.next()).resources?.map(({ name }) => name)).toEqual(['edge'])
    const secrets = client.stream(`${SDS}/DeltaSecrets`)
    secrets.send({ node: NODE, resourceNamesSubscribe: ['a.example'] })
    expect((await secrets.next()).resources?.map(({ name }) => name)).toEqual(['a.example'])
    secrets.send({ resourceNamesSubscribe: ['missing.example'] })
    expect((await secrets.next()).removedResources).toEqual(['missing.example'])
  })

  test('rule 72, S-143: certificates come on a stream of their own, unknown names are answered at once', async () => {
    world.fleet.store.publish('edge', [secretOf('a.example')])
    world.fleet.store.open()
    await world.start()
    const stream = (await world.connect()).stream(`${SDS}/DeltaSecrets`)
    stream.send({ node: NODE, resourceNamesSubscribe: ['a.example', 'guessed.example', '*'] })
    const responses = [await stream.next(), await stream.next(), await stream.next()]
    expect(responses.flatMap((each) => each.resources ?? []).map((each) => each.name)).toEqual(['a.example'])
    expect(responses.flatMap((each) => each.removedResources ?? []).toSorted()).toEqual(['*', 'guessed.example'])
    expect([...world.fleet.streams]).toEqual([])
  })
})
