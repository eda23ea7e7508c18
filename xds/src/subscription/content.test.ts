import { TYPE_URLS } from '@bulkhead/envoy'
import { describe, expect, test } from 'vitest'
import { FlatView, sent, WINDOW, world } from './testing/flat-view.ts'

const { cluster, endpoints, listener, scopedRoute } = TYPE_URLS

describe('content', () => {
  test('rule 42: before everything is known nothing is served, above all no removals', () => {
    const view = world('a')
    view.isOpen = false
    const client = view.connect()
    client.ask(cluster, { initialVersions: new Map([['gone', 'v']]) })
    client.ask(endpoints, { subscribe: ['nowhere'] })
    client.ask(scopedRoute)
    expect(client.receive()).toEqual([])
    view.isOpen = true
    client.stream.changedAll()
    expect(sent(client.drain()).toSorted()).toEqual(['-gone', '-nowhere', 'a'])
  })

  test('rule 43: only what changed is sent', () => {
    const view = world('a', 'b')
    const client = view.connect()
    client.ask(cluster)
    client.drain()
    view.put(cluster, 'b', 'second')
    expect(sent(client.drain())).toEqual(['b'])
  })

  test('rule 44: a removal is sent once, and what comes back is sent again', () => {
    const view = world('a')
    const client = view.connect()
    client.ask(cluster)
    client.drain()
    view.drop(cluster, 'a')
    expect(sent(client.drain())).toEqual(['-a'])
    client.stream.changedAll()
    expect(client.drain()).toEqual([])
    view.put(cluster, 'a', 'first a')
    expect(sent(client.drain())).toEqual(['a'])
  })

  test('rule 48: after a reconnect only differences are sent', () => {
    const view = world('same', 'changed')
    const before = view.connect()
    before.ask(cluster)
    before.drain()
    view.put(cluster, 'changed', 'second')
    const again = view.connect()
    again.ask(cluster, { initialVersions: new Map([...before.has(cluster), ['gone', 'v']]) })
    expect(sent(again.drain())).toEqual(['changed', '-gone'])
  })

  test('rule 48: names that are asked for and brought along are not sent again', () => {
    const view = new FlatView()
    view.put(endpoints, 'e', 'x')
    const before = view.connect()
    before.ask(endpoints, { subscribe: ['e'] })
    before.drain()
    const again = view.connect()
    again.ask(endpoints, { subscribe: ['e'], initialVersions: before.has(endpoints) })
    expect(again.drain()).toEqual([])
  })

  test('rule 49: what is brought along but not asked for is left alone', () => {
    const client = world('a').connect()
    client.ask(cluster, { subscribe: ['a'], initialVersions: new Map([['b', 'v']]) })
    expect(sent(client.drain())).toEqual(['a'])
  })

  test('rule 50: asking for everything when there is nothing gets one empty response', () => {
    const client = world().connect()
    client.ask(cluster)
    const [only, ...more] = client.drain()
    expect(only).toMatchObject({ resources: [], removed: [] })
    expect(more).toEqual([])
  })

  test('rule 51: much is split, each part with its own nonce', () => {
    const view = new FlatView()
    for (let at = 0; at < 5; at += 1) view.put(cluster, `c${at}`, 'x'.repeat(600))
    const client = view.connect({ window: { ...WINDOW, maxResponseBytes: 1000 } })
    client.ask(cluster)
    const parts = client.drain()
    expect(parts.length).toBe(3)
    expect(sent(parts)).toHaveLength(5)
    expect(new Set(parts.map((each) => each.nonce)).size).toBe(3)
  })

  test('rule 52: what was dropped before it was sent is not sent', () => {
    const view = world('a')
    const client = view.connect()
    client.ask(cluster, { subscribe: ['a'] })
    client.drain()
    view.put(cluster, 'a', 'second')
    client.ask(cluster, { unsubscribe: ['a'] })
    expect(client.receive()).toEqual([])
  })

  test('rule 56: endpoints follow a changed cluster even when they are the same', () => {
    const view = world('a')
    view.put(endpoints, 'a', 'e')
    const client = view.connect()
    client.ask(cluster)
    client.drain()
    client.ask(endpoints, { subscribe: ['a'] })
    client.drain()
    view.put(cluster, 'a', 'second')
    expect(client.drain().map((each) => each.typeUrl)).toEqual([cluster, endpoints])
  })

  test.each([
    ['before its clusters come', true],
    ['after', false],
  ])(
    'rule 57: a client that gets its clusters anew gets the endpoints that it has, asking for them %s',
    (_title, early) => {
      const view = world('a')
      view.put(endpoints, 'a', 'e')
      const before = view.connect()
      before.ask(endpoints, { subscribe: ['a'] })
      before.drain()
      const client = view.connect()
      const askForEndpoints = () => client.ask(endpoints, { subscribe: ['a'], initialVersions: before.has(endpoints) })
      client.ask(cluster)
      const sentEarly = early ? [] : client.drain()
      askForEndpoints()
      expect([...sentEarly, ...client.drain()].map(({ typeUrl }) => typeUrl)).toEqual([cluster, endpoints])
    },
  )

  test('rule 48, rule 57: a client that comes with its clusters and endpoints is sent neither', () => {
    const view = world('a')
    view.put(endpoints, 'a', 'e')
    const before = view.connect()
    before.ask(cluster)
    before.ask(endpoints, { subscribe: ['a'] })
    before.drain()
    const client = view.connect()
    client.ask(cluster, { initialVersions: before.has(cluster) })
    client.ask(endpoints, { subscribe: ['a'], initialVersions: before.has(endpoints) })
    expect(client.drain()).toEqual([])
  })

  test('rule 58: what one client has known for long is sent to the next at once', () => {
    const view = new FlatView()
    view.put(endpoints, 'e', 'x')
    for (const client of [view.connect(), view.connect()]) {
      client.ask(endpoints, { subscribe: ['e'] })
      expect(sent(client.drain())).toEqual(['e'])
    }
  })

  test('rule 46: an extension configuration is never said to be removed, for the type is not served', () => {
    const client = world('a').connect()
    client.ask('type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig', { subscribe: ['filter'] })
    expect(client.receive()).toEqual([])
    client.ask(cluster, { subscribe: ['filter'] })
    expect(sent(client.drain())).toContain('-filter')
  })

  test('rule 62: a type that was never asked for is never sent', () => {
    const view = world('a')
    const client = view.connect()
    client.ask(cluster)
    client.drain()
    view.put(listener, 'l', 'x')
    view.put(scopedRoute, 's', 'x')
    expect(client.receive()).toEqual([])
  })

  test('rule 63: an unanswered type holds up no other', () => {
    const view = world('a')
    const client = view.connect({ window: { ...WINDOW, maxResponses: 1 } })
    client.ask(cluster)
    client.receive()
    view.put(cluster, 'b', 'x')
    view.put(endpoints, 'e', 'x')
    client.ask(endpoints, { subscribe: ['e'] })
    expect(sent(client.receive())).toEqual(['e'])
  })

  test('rule 77: a client without configuration waits, and gets it when it appears', () => {
    const view = world()
    const client = view.connect()
    client.ask(cluster, { subscribe: ['a'] })
    client.drain()
    view.put(cluster, 'a', 'x')
    expect(sent(client.drain())).toEqual(['a'])
  })
})
