import { TYPE_URLS } from '@bulkhead/envoy'
import { describe, expect, test } from 'vitest'
import { FlatView, sent, WINDOW, world } from './testing/flat-view.ts'
import { AGGREGATED_TYPES } from './index.ts'

const { cluster, routeConfiguration, scopedRoute } = TYPE_URLS

describe('windows and groups', () => {
  test('rule 19, rule 84: a bounded number of responses is unanswered, and the rest waits', () => {
    const view = new FlatView()
    for (let at = 0; at < 10; at += 1) view.put(cluster, `c${at}`, 'x', `group ${at}`)
    const client = view.connect({ window: { ...WINDOW, maxResponses: 4 } })
    client.ask(cluster)
    const first = client.receive()
    expect(first).toHaveLength(4)
    client.ack(first[2]!)
    expect(client.receive()).toHaveLength(1)
  })

  test('rule 84: a bounded number of bytes is unanswered', () => {
    const view = new FlatView()
    for (let at = 0; at < 10; at += 1) view.put(cluster, `c${at}`, 'x'.repeat(1000), `group ${at}`)
    const client = view.connect({ window: { ...WINDOW, maxBytes: 3000 } })
    client.ask(cluster)
    expect(client.receive()).toHaveLength(3)
  })

  test('rule 84: one version of a resource is under way, and later ones merge', () => {
    const view = world('a')
    const client = view.connect()
    client.ask(cluster)
    const [first] = client.receive()
    for (const text of ['2', '3', '4']) view.put(cluster, 'a', text)
    expect(client.receive()).toEqual([])
    client.ack(first!)
    const next = client.receive()
    expect(next).toHaveLength(1)
    expect(Buffer.from(next[0]!.resources[0]!.bytes).toString()).toBe('4')
  })

  test('rule 84: a place is freed when no answer comes in five seconds', () => {
    const view = world('a')
    const client = view.connect({ window: { ...WINDOW, maxResponses: 1 } })
    client.ask(cluster)
    client.receive()
    view.put(cluster, 'b', 'x', 'other')
    client.wait(4999)
    expect(client.receive()).toEqual([])
    expect(client.stream.tick(5000)).toEqual(['g'])
    expect(sent(client.receive())).toEqual(['b'])
  })

  test('rule 86: a response holds one group, and one RouteConfiguration', () => {
    const view = new FlatView()
    for (const group of ['one', 'two'])
      for (const name of ['a', 'b']) {
        view.put(cluster, `${group}-${name}`, 'x', group)
        view.put(routeConfiguration, `${group}-${name}`, 'x', group)
      }
    const client = view.connect()
    client.ask(cluster)
    expect(client.receive().map(({ group, resources }) => [group, resources.length])).toEqual([
      ['one', 2],
      ['two', 2],
    ])
    client.ask(routeConfiguration, { subscribe: ['one-a', 'one-b', 'two-a', 'two-b'] })
    expect(client.receive().map((each) => each.resources.length)).toEqual([1, 1, 1, 1])
  })

  test('a busy group delays no other', () => {
    const view = new FlatView()
    for (let at = 0; at < 5; at += 1) view.put(cluster, `busy-${at}`, 'x', 'busy')
    view.put(cluster, 'quiet', 'x', 'quiet')
    const client = view.connect({ types: AGGREGATED_TYPES.map((type) => ({ ...type, maxResources: 1 })) })
    client.ask(cluster)
    expect(client.receive()[1]!.group).toBe('quiet')
  })

  test('a refused first response of several scopes is sent again, group by group', () => {
    const view = new FlatView()
    for (const group of ['one', 'two']) view.put(scopedRoute, `${group}.example`, 'x', group)
    const client = view.connect()
    client.ask(scopedRoute)
    const [shared, ...more] = client.receive()
    expect(shared!.resources).toHaveLength(2)
    expect(more).toEqual([])
    client.nack(shared!)
    expect(client.receive().map((each) => each.group)).toEqual(['one', 'two'])
  })

  test('the first scopes wait until all of them may be told', () => {
    const view = new FlatView()
    for (const group of ['one', 'two']) view.put(scopedRoute, group, 'x', group)
    view.withheld.add('two')
    const client = view.connect()
    client.ask(scopedRoute)
    expect(client.receive()).toEqual([])
  })
})
