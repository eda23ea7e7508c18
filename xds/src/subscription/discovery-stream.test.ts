import { TYPE_URLS } from '@bulkhead/envoy'
import { describe, expect, test } from 'vitest'
import { FlatView, sent, world } from './testing/flat-view.ts'
import { ON_DEMAND_SECRETS } from './index.ts'

const { cluster, endpoints, listener, secret } = TYPE_URLS

describe('streams', () => {
  test('rule 1: later requests may leave out the node', () => {
    const client = world('a').connect()
    client.ask(cluster)
    expect(client.ask(endpoints, { node: undefined, subscribe: ['x'] }).kind).toBe('ok')
    expect(client.stream.node).toEqual({ id: 'client', cluster: 'fleet' })
  })

  test.each([
    ['another id', { id: 'other', cluster: 'fleet' }],
    ['another cluster', { id: 'client', cluster: 'other' }],
  ])('rule 2: a later request with %s ends the stream', (_title, node) => {
    const client = world('a').connect()
    client.ask(cluster)
    expect(client.ask(cluster, { node })).toMatchObject({ kind: 'close', status: 'INVALID_ARGUMENT' })
  })

  test.each([
    ['no node', undefined],
    ['an empty node.id', { id: '', cluster: 'fleet' }],
  ])('rule 3: a first request with %s ends the stream', (_title, node) => {
    expect(world().connect().ask(cluster, { node })).toMatchObject({ kind: 'close', status: 'INVALID_ARGUMENT' })
  })

  test('rule 4: a request without a type ends an aggregated stream', () => {
    expect(world().connect().ask('')).toMatchObject({ kind: 'close', status: 'INVALID_ARGUMENT' })
  })

  test('rule 5: a request without a type means the own type of a stream that has one', () => {
    const view = new FlatView()
    view.put(secret, 'cert', 'pem')
    const client = view.connect({ ownType: secret, types: ON_DEMAND_SECRETS })
    client.ask('', { subscribe: ['cert'] })
    expect(sent(client.receive())).toEqual(['cert'])
  })

  test('rule 6: an unknown type gets nothing and harms no other type', () => {
    const client = world('a').connect()
    expect(client.ask('type.googleapis.com/unknown', { subscribe: ['*'] }).kind).toBe('ok')
    expect(client.receive()).toEqual([])
    client.ask(cluster)
    expect(sent(client.drain())).toEqual(['a'])
  })

  test('rule 7: every response has its own nonce', () => {
    const view = world('a')
    const client = view.connect()
    client.ask(cluster)
    client.drain()
    for (const text of ['2', '3', '4']) {
      view.put(cluster, 'a', text)
      client.drain()
    }
    const nonces = client.received.map((each) => each.nonce)
    expect(nonces).not.toContain('')
    expect(new Set(nonces).size).toBe(4)
  })

  test('rule 8: types are independent of each other', () => {
    const view = world('a')
    view.put(listener, 'l', 'listener')
    const client = view.connect()
    client.ask(cluster)
    client.ask(listener)
    const [first, second] = client.receive()
    client.nack(first!)
    client.ack(second!)
    view.put(listener, 'l', 'changed')
    expect(sent(client.drain())).toEqual(['l'])
    expect(client.stream.rejection(cluster, 'a')?.message).toBe('refused')
  })

  test('rule 9: the nonce of an earlier stream does not spoil the first request', () => {
    const client = world('a').connect()
    client.ask(cluster, { responseNonce: 'from before' })
    expect(sent(client.receive())).toEqual(['a'])
  })

  test('rule 10: the type version changes when something visible changes, and only then', () => {
    const view = world('a')
    const client = view.connect()
    client.ask(cluster)
    const [first] = client.drain()
    view.put(cluster, 'a', 'second')
    const [second] = client.drain()
    view.put(cluster, 'a', 'first a')
    const [third] = client.drain()
    expect(second!.version).not.toBe(first!.version)
    expect(third!.version).toBe(first!.version)
  })

  test('rule 11: two replicas with the same content give the same versions', () => {
    const [one, other] = [world('a', 'b').connect(), world('b', 'a').connect()]
    for (const client of [one, other]) client.ask(cluster)
    expect(one.drain()[0]!.version).toBe(other.drain()[0]!.version)
    expect([...one.has(cluster)].sort()).toEqual([...other.has(cluster)].sort())
  })
})
