import { TYPE_URLS } from '@bulkhead/envoy'
import type { EncodedResource } from '@bulkhead/envoy'
import { describe, expect, test } from 'vitest'
import type { DiscoveryResponse } from '../subscription/index.ts'
import { Fleet } from './index.ts'
import {
  clusterOf,
  connect,
  endpointsOf,
  fleetWith,
  groupOf,
  routesOf,
  scopeOf,
  secretOf,
  started,
} from './testing/sample.ts'

const { cluster, endpoints, routeConfiguration, scopedRoute, secret } = TYPE_URLS

function routesSent(responses: readonly DiscoveryResponse[]): readonly string[] {
  return responses
    .filter((each) => each.typeUrl === routeConfiguration)
    .flatMap((each) => each.resources.map((r) => r.version))
}

describe('refusals', () => {
  test('rule 87: a refused group stays on its last good bytes, which new clients get too', () => {
    const fleet = fleetWith('a')
    const good = groupOf('a')[2]!
    const client = started(fleet)
    fleet.store.publish('a', groupOf('a', 'bad'))
    client.nack(client.receive()[0]!, 'no such filter')
    expect(client.receive()).toEqual([])
    const newcomer = started(fleet)
    expect(newcomer.has(routeConfiguration).get('a/routes')).toBe(good.version)
    expect(fleet.programmed('a')).toMatchObject({
      connected: 2,
      acked: 0,
      nacked: [{ nodeId: 'client', message: 'no such filter', resourceNames: ['a/routes'] }],
    })
  })

  test('rule 86, F-05: a refusal of one group holds up no other', () => {
    const fleet = fleetWith('a', 'b')
    const client = started(fleet)
    fleet.store.publish('a', groupOf('a', 'bad'))
    fleet.store.publish('b', groupOf('b', 'edited'))
    const [bad, edited] = client.receive()
    client.nack(bad!)
    client.ack(edited!)
    expect(fleet.programmed('b')).toEqual({ connected: 1, acked: 1, nacked: [] })
    const newcomer = started(fleet)
    expect(newcomer.has(routeConfiguration).get('b/routes')).toBe(groupOf('b', 'edited')[2]!.version)
  })

  test('F-06, rule 15: mending what was refused reaches everybody and clears the refusal', () => {
    const fleet = fleetWith('a')
    const client = started(fleet)
    fleet.store.publish('a', groupOf('a', 'bad'))
    client.nack(client.receive()[0]!)
    fleet.store.publish('a', groupOf('a', 'mended'))
    expect(routesSent(client.drain())).toHaveLength(1)
    expect(fleet.programmed('a')).toEqual({ connected: 1, acked: 1, nacked: [] })
  })

  test('rule 14, F-07: publishing the refused version again sends it to nobody', () => {
    const fleet = fleetWith('a')
    const [client, other] = [started(fleet), started(fleet)]
    fleet.store.publish('a', groupOf('a', 'bad'))
    client.nack(client.receive()[0]!)
    fleet.store.publish('a', groupOf('a', 'bad'))
    expect(client.receive()).toEqual([])
    expect(routesSent(other.receive())).toEqual([])
  })

  test("a late refusal brings back neither a host nor a certificate that is another group's by now", () => {
    const fleet = fleetWith('a', 'b')
    const moving = (routes: string): readonly EncodedResource[] => [scopeOf('x.example', routes), secretOf('x.example')]
    fleet.store.publish('a', [...groupOf('a'), ...moving('a/routes')])
    const client = started(fleet)
    fleet.store.publish('a', groupOf('a', 'bad'))
    const late = client.receive().find(({ typeUrl }) => typeUrl === routeConfiguration)
    fleet.store.publish('b', [...groupOf('b'), ...moving('b/routes')])
    client.nack(late!)
    expect(fleet.store.isPinned('a')).toBe(true)
    for (const typeUrl of [scopedRoute, secret]) expect(fleet.store.find(typeUrl, 'x.example')?.group).toBe('b')
  })

  test('endpoints of a group go on changing while its routes are refused', () => {
    const fleet = fleetWith('a')
    const client = started(fleet)
    fleet.store.publish('a', groupOf('a', 'bad'))
    client.nack(client.receive()[0]!)
    const [first, , ...rest] = groupOf('a', 'bad')
    fleet.store.publish('a', [first!, endpointsOf('a/c', 81), ...rest])
    expect(client.drain().map((each) => each.typeUrl)).toEqual([endpoints])
  })

  test('a host that is taken away goes at once, though the routes are refused', () => {
    const fleet = fleetWith('a')
    const client = started(fleet)
    fleet.store.publish('a', groupOf('a', 'bad'))
    client.nack(client.receive()[0]!)
    fleet.store.publish('a', groupOf('a', 'bad').slice(0, 3))
    expect(client.drain()).toMatchObject([{ typeUrl: scopedRoute, removed: ['a.example'] }])
  })

  test('a new group that is refused before it was ever good is shown to nobody else', () => {
    const fleet = fleetWith()
    const client = started(fleet)
    fleet.store.publish('a', groupOf('a'))
    client.nack(client.receive()[0]!)
    const newcomer = started(fleet)
    expect([...newcomer.has(cluster), ...newcomer.has(scopedRoute)]).toEqual([])
  })

  test('a refused first response of several hosts pins no group', () => {
    const fleet = fleetWith('a', 'b')
    const { client } = connect(fleet)
    client.ask(scopedRoute)
    const [shared] = client.receive()
    expect(shared!.resources).toHaveLength(2)
    client.nack(shared!)
    expect([fleet.store.isPinned('a'), fleet.store.isPinned('b')]).toEqual([false, false])
    const [first, second] = client.receive()
    client.nack(first!)
    client.ack(second!)
    expect([fleet.store.isPinned('a'), fleet.store.isPinned('b')]).toEqual([true, false])
  })

  test('after a restart a refusal takes nothing away from clients that still serve the group', () => {
    const before = started(fleetWith('a'))
    const fleet = new Fleet()
    const changed = [clusterOf('a/other'), routesOf('a/routes', 'bad'), scopeOf('a.example', 'a/routes')]
    fleet.store.publish('a', changed)
    fleet.store.open()
    const { client } = connect(fleet)
    for (const typeUrl of [cluster, scopedRoute]) client.ask(typeUrl, { initialVersions: before.has(typeUrl) })
    client.ask(routeConfiguration, { subscribe: ['a/routes'], initialVersions: before.has(routeConfiguration) })
    const [refused] = client.receive()
    expect(refused!.resources.map((each) => each.name)).toEqual(['a/other'])
    client.nack(refused!)
    client.wait(60_000)
    expect(client.drain()).toEqual([])
    expect([...client.has(cluster).keys()]).toEqual(['a/c'])
    expect([...client.has(scopedRoute).keys()]).toEqual(['a.example'])
  })
})

describe('what is programmed', () => {
  test('rule 79: a group counts when everything of it was accepted, and not before', () => {
    const fleet = fleetWith('a')
    expect(fleet.programmed('a')).toEqual({ connected: 0, acked: 0, nacked: [] })
    const { client, stream } = connect(fleet)
    client.ask(cluster)
    client.drain()
    expect(fleet.programmed('a')).toMatchObject({ connected: 1, acked: 0 })
    client.subscribeAll()
    client.follow()
    expect(fleet.programmed('a')).toMatchObject({ connected: 1, acked: 1 })
    fleet.store.publish('a', groupOf('a', 'second'))
    expect(fleet.programmed('a')).toMatchObject({ connected: 1, acked: 0 })
    client.follow()
    expect(fleet.programmed('a')).toMatchObject({ connected: 1, acked: 1 })
    stream.close()
    expect(fleet.programmed('a')).toMatchObject({ connected: 0, acked: 0 })
  })

  test('a group that is gone counts when its hosts are gone', () => {
    const fleet = fleetWith('a')
    const client = started(fleet)
    fleet.store.publish('a', [])
    expect(fleet.programmed('a').acked).toBe(0)
    client.follow()
    expect(fleet.programmed('a').acked).toBe(1)
  })

  test('those who report are told of answers and of streams that come and go', () => {
    const fleet = fleetWith('a')
    const heard: string[] = []
    const stop = fleet.subscribe((change) => heard.push(change.kind === 'group' ? change.group : change.kind))
    const { client, stream } = connect(fleet)
    client.ask(cluster)
    client.drain()
    expect(new Set(heard)).toEqual(new Set(['streams', 'a']))
    stop()
    stream.close()
    expect(heard.filter((word) => word === 'streams')).toHaveLength(1)
  })
})
