import { TYPE_URLS } from '@bulkhead/envoy'
import type { EncodedResource } from '@bulkhead/envoy'
import { describe, expect, test } from 'vitest'
import type { SimulatedClient } from '../subscription/testing/simulated-client.ts'
import type { AcknowledgementChange, Fleet } from './index.ts'
import { connect, fleetWith, groupOf, started } from './testing/sample.ts'

const { routeConfiguration } = TYPE_URLS
const PATIENCE_MS = 200

function listenedTo(fleet: Fleet): AcknowledgementChange[] {
  const told: AcknowledgementChange[] = []
  fleet.subscribe((change) => {
    if (change.kind === 'passed over' || change.kind === 'caught up') told.push(change)
  })
  return told
}

function routesOf(group: string, text: string): EncodedResource {
  const routes = groupOf(group, text).find(({ typeUrl }) => typeUrl === routeConfiguration)
  if (routes === undefined) throw new Error('The sample has no RouteConfiguration')
  return routes
}

const names = (client: SimulatedClient): readonly string[] =>
  client.receive().flatMap(({ resources }) => resources.map(({ name }) => name))

describe('a change goes to one stream first', () => {
  test('the others get it once the first has accepted it', () => {
    const fleet = fleetWith('a')
    const [first, other] = [started(fleet), started(fleet)]
    fleet.store.publish('a', groupOf('a', 'edited'))
    const [sent] = first.receive()
    expect(other.receive()).toEqual([])
    first.ack(sent!)
    expect(names(other)).toEqual(['a/routes'])
  })

  test('what the first refuses reaches no other', () => {
    const fleet = fleetWith('a', 'b')
    const told = listenedTo(fleet)
    const [first, other] = [started(fleet), started(fleet)]
    fleet.store.publish('a', groupOf('a', 'bad'))
    first.nack(first.receive()[0]!)
    other.wait(10 * PATIENCE_MS)
    expect(other.receive()).toEqual([])
    expect(other.has(routeConfiguration).get('a/routes')).toBe(routesOf('a', '').version)
    fleet.store.publish('a', groupOf('a', 'mended'))
    first.drain()
    expect(names(other)).toEqual(['a/routes'])
    expect(told.filter(({ kind }) => kind === 'passed over')).toEqual([])
  })

  test('a canary goes before those that serve, however late it came', () => {
    const fleet = fleetWith('a')
    const [serving, canary] = [started(fleet), started(fleet, { isCanary: true })]
    fleet.store.publish('a', groupOf('a', 'edited'))
    expect(serving.receive()).toEqual([])
    canary.drain()
    expect(names(serving)).toEqual(['a/routes'])
  })

  test('a canary that has not caught up yet holds nobody back', () => {
    const fleet = fleetWith('a')
    const serving = started(fleet)
    const { client: canary } = connect(fleet, { isCanary: true })
    canary.subscribeAll()
    canary.receive()
    fleet.store.publish('a', groupOf('a', 'edited'))
    expect(names(serving)).toEqual(['a/routes'])
  })

  test('what a newcomer lacks and others have accepted it gets at once', () => {
    const fleet = fleetWith('a')
    const canary = started(fleet, { isCanary: true })
    fleet.store.publish('a', groupOf('a', 'edited'))
    canary.drain()
    expect(started(fleet).has(routeConfiguration).get('a/routes')).toBe(routesOf('a', 'edited').version)
  })
})

describe('a stream that comes', () => {
  test('gets at once what it lacks, whether anybody has accepted it or not', () => {
    const fleet = fleetWith('a')
    const first = started(fleet)
    fleet.store.publish('b', groupOf('b'))
    expect(first.receive().length).toBeGreaterThan(0)
    expect([...started(fleet).has(routeConfiguration).keys()]).toEqual(['a/routes', 'b/routes'])
  })

  test('gets a change to what it brought after the first has accepted it', () => {
    const fleet = fleetWith('a')
    const first = started(fleet)
    const brought = new Map([['a/routes', routesOf('a', '').version]])
    fleet.store.publish('a', groupOf('a', 'edited'))
    const [sent] = first.receive()
    const { client } = connect(fleet)
    client.ask(routeConfiguration, { subscribe: ['a/routes'], initialVersions: brought })
    expect(client.receive()).toEqual([])
    first.ack(sent!)
    expect(names(client)).toEqual(['a/routes'])
  })
})

describe('a first stream that does not answer', () => {
  test('is passed over within 200 ms, and the next tries', () => {
    const fleet = fleetWith('a')
    const told = listenedTo(fleet)
    const [canary, next, last] = [started(fleet, { isCanary: true }), started(fleet), started(fleet)]
    fleet.store.publish('a', groupOf('a', 'edited'))
    canary.receive()
    expect([next.receive(), last.receive()]).toEqual([[], []])
    next.wait(PATIENCE_MS)
    expect(names(next)).toEqual(['a/routes'])
    last.wait(PATIENCE_MS / 4)
    expect(last.receive()).toEqual([])
    expect(told).toMatchObject([{ kind: 'passed over', silent: { isCanary: true }, next: { isCanary: false } }])
    expect(fleet.silent).toHaveLength(1)
  })

  test('costs the next change nothing', () => {
    const fleet = fleetWith('a', 'b')
    const [canary, next] = [started(fleet, { isCanary: true }), started(fleet)]
    fleet.store.publish('a', groupOf('a', 'edited'))
    canary.receive()
    expect(next.receive()).toEqual([])
    next.wait(PATIENCE_MS)
    next.drain()
    fleet.store.publish('b', groupOf('b', 'edited'))
    expect(names(next)).toEqual(['b/routes'])
  })

  test('has its place again once it has answered everything', () => {
    const fleet = fleetWith('a', 'b')
    const told = listenedTo(fleet)
    const [canary, next] = [started(fleet, { isCanary: true }), started(fleet)]
    fleet.store.publish('a', groupOf('a', 'edited'))
    const [sent] = canary.receive()
    next.receive()
    next.wait(PATIENCE_MS)
    next.drain()
    canary.ack(sent!)
    canary.drain()
    expect(told.at(-1)).toMatchObject({ kind: 'caught up', stream: { isCanary: true } })
    expect(fleet.silent).toEqual([])
    fleet.store.publish('b', groupOf('b', 'edited'))
    expect(next.receive()).toEqual([])
    canary.drain()
    expect(names(next)).toEqual(['b/routes'])
  })

  test('that goes away is waited for no longer', () => {
    const fleet = fleetWith('a')
    const { client: canary, stream } = connect(fleet, { isCanary: true })
    canary.subscribeAll()
    canary.follow()
    const [next, last] = [started(fleet), started(fleet)]
    fleet.store.publish('a', groupOf('a', 'edited'))
    expect(next.receive()).toEqual([])
    stream.close()
    next.wait(1)
    next.drain()
    expect(names(last)).toEqual(['a/routes'])
  })

  test('when none answers, each gets the change in its turn', () => {
    const fleet = fleetWith('a')
    const all = [started(fleet, { isCanary: true }), started(fleet), started(fleet)]
    fleet.store.publish('a', groupOf('a', 'edited'))
    const got = new Set<number>()
    for (let round = 0; round < 8; round += 1)
      for (const [index, client] of all.entries()) {
        client.wait(PATIENCE_MS)
        if (names(client).length > 0) got.add(index)
      }
    expect(got).toEqual(new Set([0, 1, 2]))
  })
})
