import { TYPE_URLS } from '@bulkhead/envoy'
import { describe, expect, test } from 'vitest'
import { FlatView, sent, world } from './testing/flat-view.ts'
import { ON_DEMAND_SECRETS } from './index.ts'

const { cluster, endpoints, listener, routeConfiguration, secret } = TYPE_URLS

describe('subscriptions', () => {
  test('rule 24: never naming anything means everything', () => {
    const client = world('a', 'b').connect()
    client.ask(cluster)
    expect(sent(client.drain())).toEqual(['a', 'b'])
  })

  test('rule 25: `[]` then A is all plus A, without `*` only A, without A nothing', () => {
    const view = world('A', 'B')
    const client = view.connect()
    client.ask(cluster)
    client.drain()
    client.ask(cluster, { subscribe: ['A'] })
    expect(sent(client.drain())).toEqual(['A'])
    client.ask(cluster, { unsubscribe: ['*'] })
    view.put(cluster, 'A', '2')
    view.put(cluster, 'B', '2')
    expect(sent(client.drain())).toEqual(['A'])
    client.ask(cluster, { unsubscribe: ['A'] })
    view.put(cluster, 'A', '3')
    view.put(cluster, 'B', '3')
    expect(client.drain()).toEqual([])
  })

  test.each([
    ['RouteConfigurations', routeConfiguration],
    ['endpoints', endpoints],
    ['secrets', secret],
  ])('rule 26, rule 72: an empty subscription to %s is to nothing', (_title, typeUrl) => {
    const view = new FlatView()
    view.put(typeUrl, 'x', 'content')
    const client = view.connect()
    client.ask(typeUrl)
    expect(client.receive()).toEqual([])
    client.ask(typeUrl, { subscribe: ['*'] })
    expect(sent(client.receive())).toEqual(['-*'])
  })

  test('rule 27: a client that names listeners gets those, never all', () => {
    const view = new FlatView()
    for (const name of ['a', 'b']) view.put(listener, name, name)
    const client = view.connect()
    client.ask(listener, { subscribe: ['b'] })
    expect(sent(client.drain())).toEqual(['b'])
  })

  test('rule 28, rule 45: what does not exist is reported at once, and sent when it comes to be', () => {
    const view = world()
    const client = view.connect()
    client.ask(endpoints, { subscribe: ['later'] })
    expect(sent(client.drain())).toEqual(['-later'])
    view.put(endpoints, 'later', 'here')
    expect(sent(client.drain())).toEqual(['later'])
  })

  test('rule 30: whoever comes back to a name gets it again, unchanged', () => {
    const view = new FlatView()
    view.put(endpoints, 'e', 'x')
    const client = view.connect()
    client.ask(endpoints, { subscribe: ['e'] })
    client.drain()
    client.ask(endpoints, { unsubscribe: ['e'] })
    client.ask(endpoints, { subscribe: ['e'] })
    expect(sent(client.drain())).toEqual(['e'])
  })

  test('rule 31: a name that is asked for is sent even if we believe that it is there', () => {
    const view = new FlatView()
    view.put(endpoints, 'e', 'x')
    const client = view.connect()
    client.ask(endpoints, { subscribe: ['e'] })
    client.drain()
    client.ask(endpoints, { subscribe: ['e'] })
    expect(sent(client.drain())).toEqual(['e'])
  })

  test('rule 32: dropping unknown names is harmless', () => {
    const client = world('a').connect()
    client.ask(cluster, { subscribe: ['a'] })
    client.drain()
    client.ask(cluster, { unsubscribe: ['never', 'known'] })
    expect(client.receive()).toEqual([])
  })

  test('rule 33: a request that only drops needs no response', () => {
    const client = world('a').connect()
    client.ask(cluster, { subscribe: ['a'] })
    client.drain()
    client.ask(cluster, { unsubscribe: ['a'] })
    expect(client.receive()).toEqual([])
  })

  test('rule 34: a name dropped under `*` is answered, by itself or by its removal', () => {
    const client = world('a').connect()
    client.ask(cluster, { subscribe: ['*', 'a', 'gone'] })
    client.drain()
    client.ask(cluster, { unsubscribe: ['a', 'gone'] })
    expect(sent(client.drain()).toSorted()).toEqual(['-gone', 'a'])
  })

  test('rule 36: a stale nonce takes nothing from what the request subscribes', () => {
    const client = world('a', 'b').connect()
    client.ask(cluster, { subscribe: ['a'] })
    client.drain()
    client.ask(cluster, { subscribe: ['b'], unsubscribe: ['a'], responseNonce: 'stale' })
    expect(sent(client.drain())).toEqual(['b'])
    expect(client.stream.wants(cluster, 'a')).toBe(false)
  })

  test('rule 39: the empty name is an ordinary unknown name', () => {
    const client = world('a').connect()
    client.ask(cluster, { subscribe: [''] })
    expect(sent(client.receive())).toEqual(['-'])
  })

  test('unknown certificates are answered and forgotten', () => {
    const view = new FlatView()
    const client = view.connect({ ownType: secret, types: ON_DEMAND_SECRETS })
    client.ask(secret, { subscribe: Array.from({ length: 40 }, (_each, at) => `sni-${at}.example`) })
    expect(sent(client.drain())).toHaveLength(40)
    expect(client.stream.subscribedCount).toBe(0)
  })
})
