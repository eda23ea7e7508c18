import { TYPE_URLS } from '@bulkhead/envoy'
import type { EncodedResource } from '@bulkhead/envoy'
import { describe, expect, test } from 'vitest'
import type { DiscoveryResponse } from '../subscription/index.ts'
import type { SimulatedClient } from '../subscription/testing/simulated-client.ts'
import { Fleet } from './index.ts'
import {
  clusterOf,
  connect,
  endpointsOf,
  fleetWith,
  groupOf,
  listenerOf,
  routesOf,
  scopeOf,
  started,
} from './testing/sample.ts'

const { cluster, endpoints, listener, routeConfiguration, scopedRoute } = TYPE_URLS
const SHORT = new Map(Object.entries(TYPE_URLS).map(([word, typeUrl]) => [typeUrl as string, word]))

function listeningWith(...groups: readonly string[]): Fleet {
  const fleet = fleetWith(...groups)
  fleet.store.publish('platform', [listenerOf('edge')])
  return fleet
}

/** What was said, in order: `+` for what came and `-` for what went. */
function said(responses: readonly DiscoveryResponse[]): readonly string[] {
  return responses.flatMap(({ typeUrl, resources, removed }) => [
    ...resources.map(({ name }) => `+${SHORT.get(typeUrl) ?? ''} ${name}`),
    ...removed.map((name) => `-${SHORT.get(typeUrl) ?? ''} ${name}`),
  ])
}

const routes = (text = ''): EncodedResource => routesOf('a/routes', text)
const scope = scopeOf('a.example', 'a/routes')

describe('additions', () => {
  test('rule 53, rule 60: a group comes as clusters, endpoints, host, routes', () => {
    const fleet = listeningWith()
    const client = started(fleet)
    fleet.store.publish('a', groupOf('a'))
    expect(said(client.follow())).toEqual([
      '+cluster a/c',
      '+endpoints a/c',
      '+scopedRoute a.example',
      '+routeConfiguration a/routes',
    ])
  })

  test('rule 54: a route to a new cluster is withheld until that cluster and its endpoints were accepted', () => {
    const fleet = listeningWith('a')
    const client = started(fleet)
    fleet.store.publish('a', [
      ...groupOf('a').slice(0, 2),
      clusterOf('a/new'),
      endpointsOf('a/new'),
      routes('2'),
      scope,
    ])
    const [added, ...rest] = client.receive()
    expect(said([added!])).toEqual(['+cluster a/new'])
    expect(rest).toEqual([])
    client.ack(added!)
    expect(client.receive()).toEqual([])
    client.ask(endpoints, { subscribe: ['a/new'] })
    expect(said(client.drain())).toEqual(['+endpoints a/new', '+routeConfiguration a/routes'])
  })

  test('a silent client gets its routes after five seconds', () => {
    const fleet = listeningWith('a')
    const client = started(fleet)
    fleet.store.publish('a', [...groupOf('a').slice(0, 2), clusterOf('a/new'), routes('2'), scope])
    client.receive()
    client.wait(4999)
    expect(client.receive()).toEqual([])
    client.wait(1)
    expect(said(client.receive())).toEqual(['+routeConfiguration a/routes'])
  })

  test('rule 54: a group that was withdrawn while it waited waits anew when it comes back', () => {
    const fleet = listeningWith()
    const client = started(fleet)
    fleet.store.publish('a', groupOf('a'))
    const [added] = client.receive()
    fleet.store.publish('a', [])
    client.ack(added!)
    client.drain()
    client.wait(3_600_000)
    fleet.store.publish('a', groupOf('a'))
    expect(said(client.receive())).toEqual(['+cluster a/c'])
  })

  test('a host whose cluster was refused is never shown, however long it takes', () => {
    const fleet = listeningWith()
    const client = started(fleet)
    fleet.store.publish('a', groupOf('a'))
    client.nack(client.receive()[0]!)
    client.wait(60_000)
    expect(client.receive()).toEqual([])
  })

  test('rule 53: a listener comes after the first wave of clusters', () => {
    const fleet = listeningWith('a', 'b')
    const { client } = connect(fleet)
    client.ask(cluster)
    client.ask(listener)
    const clusters = client.receive()
    expect(clusters.map((each) => each.typeUrl)).toEqual([cluster, cluster])
    client.ack(clusters[0]!)
    expect(client.receive()).toEqual([])
    client.ack(clusters[1]!)
    expect(said(client.receive())).toEqual(['+listener edge'])
  })

  test('one group that waits holds up no other', () => {
    const fleet = listeningWith('a', 'b')
    const client = started(fleet)
    fleet.store.publish('a', [...groupOf('a').slice(0, 2), clusterOf('a/new'), routes('2'), scope])
    client.receive()
    fleet.store.publish('b', groupOf('b', 'second'))
    expect(said(client.receive())).toEqual(['+routeConfiguration b/routes'])
  })

  test('rule 59: a cluster without endpoints is told so', () => {
    const fleet = listeningWith()
    fleet.store.publish('a', [clusterOf('a/c')])
    const { client } = connect(fleet)
    client.ask(cluster)
    client.drain()
    client.ask(endpoints, { subscribe: ['a/c'] })
    expect(said(client.drain())).toEqual(['+endpoints a/c'])
  })

  test('rule 73: a host that leads nowhere is not published', () => {
    const fleet = listeningWith()
    expect(() => fleet.store.publish('a', [scope])).toThrow('Cannot publish scope "a.example"')
    expect([...fleet.store.groups]).toEqual(['platform'])
  })

  test('a name that another group has is not published', () => {
    const fleet = listeningWith('a')
    const stolen = [routesOf('b/routes'), scopeOf('a.example', 'b/routes')]
    expect(() => fleet.store.publish('b', stolen)).toThrow('another group has it')
    expect(fleet.store.find(scopedRoute, 'a.example')?.group).toBe('a')
  })
})

describe('removals', () => {
  test('rule 53: a group goes as host, routes, clusters', () => {
    const fleet = listeningWith('a')
    const client = started(fleet)
    fleet.store.publish('a', [])
    const [first, ...more] = client.receive()
    expect(said([first!])).toEqual(['-scopedRoute a.example'])
    expect(more).toEqual([])
    client.ack(first!)
    // The routes go while the client still asks for them, and the clusters only after the client's answer to that.
    expect(said(client.receive())).toEqual(['-routeConfiguration a/routes'])
    client.ask(routeConfiguration, { unsubscribe: ['a/routes'] })
    expect(said(client.follow()).filter((word) => word.startsWith('-cluster'))).toEqual(['-cluster a/c'])
    expect([...client.has(cluster)]).toEqual([])
  })

  test('rule 55, F-10: add B, repoint, remove A gives B, its endpoints, the routes, and then the removal of A', () => {
    const fleet = listeningWith('a')
    const client = started(fleet)
    fleet.store.publish('a', [clusterOf('a/b'), endpointsOf('a/b'), routes('to b'), scope])
    const words = said(client.follow())
    expect(words.filter((word) => !word.includes('endpoints a/c'))).toEqual([
      '+cluster a/b',
      '+endpoints a/b',
      '+routeConfiguration a/routes',
      '-cluster a/c',
    ])
  })

  test('rule 55: a cluster stays while the routes that left it are unanswered, at most five seconds', () => {
    const fleet = listeningWith('a')
    fleet.store.publish('a', [...groupOf('a'), clusterOf('a/old')])
    const client = started(fleet)
    fleet.store.publish('a', [...groupOf('a', 'without old')])
    expect(said(client.receive())).toEqual(['+routeConfiguration a/routes'])
    client.wait(4999)
    expect(client.receive()).toEqual([])
    client.wait(1)
    expect(said(client.receive())).toEqual(['-cluster a/old'])
  })

  test.each([
    ['of another cluster', (): readonly EncodedResource[] => [clusterOf('a/other')]],
    ['of the same cluster', () => [clusterOf('a/old')]],
  ])('rule 55: a removal that was not answered in time leaves the next one in order, %s', (_title, next) => {
    const fleet = listeningWith('a')
    fleet.store.publish('a', [...groupOf('a'), clusterOf('a/old')])
    const client = started(fleet)
    fleet.store.publish('a', groupOf('a', 'without old'))
    const [late] = client.receive()
    client.wait(5000)
    expect(said(client.drain())).toEqual(['-cluster a/old'])
    client.ack(late!)
    fleet.store.publish('a', [...groupOf('a', 'with another'), ...next()])
    client.follow()
    fleet.store.publish('a', groupOf('a', 'without it'))
    expect(said(client.receive())).toEqual(['+routeConfiguration a/routes'])
  })

  test('rule 45: a RouteConfiguration that a host leads to is never reported removed', () => {
    const fleet = listeningWith('a')
    const client = started(fleet)
    fleet.store.publish('a', [])
    expect(said(client.receive())).toEqual(['-scopedRoute a.example'])
    client.ask(routeConfiguration, { subscribe: ['a/routes'] })
    expect(client.receive()).toEqual([])
  })

  test('a host moves from one group to another without being gone', () => {
    const fleet = listeningWith('a', 'b')
    const client = started(fleet)
    fleet.store.publish('a', groupOf('a').slice(0, 3))
    fleet.store.publish('b', [...groupOf('b'), scopeOf('a.example', 'b/routes')])
    const words = said(client.follow())
    expect(words).toContain('+scopedRoute a.example')
    expect(words).not.toContain('-scopedRoute a.example')
  })
})

describe('reconnecting', () => {
  function reconnect(fleet: Fleet, before: SimulatedClient): SimulatedClient {
    const { client } = connect(fleet)
    const versions = (typeUrl: EncodedResource['typeUrl']): { initialVersions: ReadonlyMap<string, string> } => ({
      initialVersions: before.has(typeUrl),
    })
    client.ask(cluster, versions(cluster))
    client.ask(endpoints, { subscribe: [...before.has(endpoints).keys()], ...versions(endpoints) })
    client.ask(listener, versions(listener))
    client.ask(scopedRoute, versions(scopedRoute))
    client.ask(routeConfiguration, {
      subscribe: [...before.has(routeConfiguration).keys()],
      ...versions(routeConfiguration),
    })
    return client
  }

  test('F-02 rule 11: another replica with the same content sends nothing', () => {
    const before = started(listeningWith('a', 'b'))
    const replica = listeningWith('b', 'a')
    const client = reconnect(replica, before)
    expect(client.drain()).toEqual([])
    expect(replica.programmed('a')).toEqual({ connected: 1, acked: 1, nacked: [] })
    expect(replica.store.lastGood('a')).toBeDefined()
  })

  test('rule 42: before the snapshot is complete nothing is removed, and afterwards nothing is sent twice', () => {
    const before = started(listeningWith('a'))
    const replica = new Fleet()
    const client = reconnect(replica, before)
    expect(client.receive()).toEqual([])
    replica.store.publish('platform', [listenerOf('edge')])
    replica.store.publish('a', groupOf('a'))
    expect(client.receive()).toEqual([])
    replica.store.open()
    expect(client.receive()).toEqual([])
    expect(replica.programmed('a').acked).toBe(1)
    expect(replica.store.lastGood('a')).toEqual(replica.store.published('a'))
  })

  test('a group that went meanwhile counts as gone only when the client has said and lost all its hosts', () => {
    const before = started(listeningWith('a', 'b'))
    const fleet = listeningWith('b')
    const acked = (): number => fleet.programmed('a').acked
    const { client } = connect(fleet)
    client.ask(cluster, { initialVersions: before.has(cluster) })
    client.drain()
    expect(acked()).toBe(0)
    client.ask(scopedRoute, { initialVersions: before.has(scopedRoute) })
    expect(acked()).toBe(0)
    const [gone] = client.receive()
    client.wait(5000)
    expect([said([gone!]), acked()]).toEqual([['-scopedRoute a.example'], 0])
    client.ack(gone!)
    client.drain()
    expect(acked()).toBe(1)
  })

  test('F-09 what went meanwhile is removed, hosts first and clusters last', () => {
    const before = started(listeningWith('a', 'b'))
    const client = reconnect(listeningWith('b'), before)
    const words = said(client.drain())
    expect(words[0]).toBe('-scopedRoute a.example')
    expect(words).toContain('-cluster a/c')
    expect(words.indexOf('-cluster a/c')).toBeGreaterThan(words.indexOf('-routeConfiguration a/routes'))
  })
})
