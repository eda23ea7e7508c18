import { Client, credentials, status } from '@grpc/grpc-js'
import { decode, TYPE_URLS } from '@bulkhead/envoy'
import type { DiscoveryResponse, MessageName } from '@bulkhead/envoy'
import protobuf from 'protobufjs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TestClient } from '../serve/testing/test-client.ts'
import { startConformance } from './start.ts'
import type { Conformance } from './start.ts'

const { cluster, endpoints, listener, routeConfiguration } = TYPE_URLS
const ADS = '/envoy.service.discovery.v3.AggregatedDiscoveryService'

// The suite's side of the contract, written down apart from ours.
const { root } = protobuf.parse(
  `
  syntax = "proto3";
  message Any { string type_url = 1; bytes value = 2; }
  message State { string node = 1; string version = 2; repeated Any resources = 3; }
  message One { string node = 1; string typeUrl = 2; string resourceName = 3; string version = 4; }
  message Named { string name = 1; }
  message Success { bool success = 1; }
  message Text { string response = 1; }
`,
  { keepCase: true },
)

let running: Conformance
let adapter: Client
let xds: TestClient
beforeAll(async () => {
  running = await startConformance({
    ...{ host: '127.0.0.1', adapterPort: 0, xdsPort: 0 },
    onFault: (fault) => expect.unreachable(String(fault)),
  })
  adapter = new Client(`127.0.0.1:${running.adapterPort}`, credentials.createInsecure())
  xds = new TestClient(running.xdsPort)
})
afterAll(async () => {
  adapter.close()
  xds.close()
  await running.close()
})

function call(method: string, [request, answer]: readonly [string, string], message: object): Promise<object> {
  const [asked, given] = [root.lookupType(request), root.lookupType(answer)]
  return new Promise((resolve, reject) => {
    adapter.makeUnaryRequest(
      `/adapter.Adapter/${method}`,
      (each: object) => Buffer.from(asked.encode(each).finish()),
      (bytes) => given.toObject(given.decode(bytes)),
      message,
      (fault, result) => (result === undefined ? reject(fault ?? new Error('no answer')) : resolve(result)),
    )
  })
}

function setState(node: string, version: string, names: Readonly<Record<string, readonly string[]>>): Promise<object> {
  const named = root.lookupType('Named')
  const resources = Object.entries(names).flatMap(([typeUrl, list]) =>
    list.map((name) => ({ type_url: typeUrl, value: named.encode({ name }).finish() })),
  )
  return call('SetState', ['State', 'Success'], { node, version, resources })
}

const one = (method: string, node: string, [typeUrl, resourceName, version]: readonly [string, string, string]) =>
  call(method, ['One', 'Success'], { node, typeUrl, resourceName, version })

const messages: Readonly<Record<string, MessageName>> = {
  [cluster]: 'envoy.config.cluster.v3.Cluster',
  [listener]: 'envoy.config.listener.v3.Listener',
  [routeConfiguration]: 'envoy.config.route.v3.RouteConfiguration',
  [endpoints]: 'envoy.config.endpoint.v3.ClusterLoadAssignment',
}

function namesOf({ typeUrl = '', resources = [] }: DiscoveryResponse): readonly string[] {
  const message = messages[typeUrl] ?? 'google.protobuf.Struct'
  return resources
    .map(({ value }) => decode(message, value) as { name?: string; clusterName?: string })
    .map(({ name, clusterName }) => name ?? clusterName ?? '')
    .toSorted()
}

const types = [cluster, listener, routeConfiguration, endpoints].map((typeUrl) => [typeUrl.split('.').at(-1), typeUrl])

describe('the conformance adapter', () => {
  test.each(types)('what it sets is served, at its version: %s', async (type, typeUrl = '') => {
    const node = `set-${type}`
    expect(await setState(node, '7', { [typeUrl]: ['A', 'B', 'C'] })).toEqual({ success: true })
    const stream = xds.world(`${ADS}/StreamAggregatedResources`)
    stream.send({ node: { id: node }, typeUrl, resourceNames: ['A', 'C'] })
    const first = await stream.next()
    expect([namesOf(first), first.versionInfo]).toEqual([['A', 'C'], '7'])
    stream.cancel()
  })

  test.each(types)('one resource is updated, removed and added: %s', async (type, typeUrl = '') => {
    const node = `change-${type}`
    await setState(node, '1', { [typeUrl]: ['A', 'B'] })
    const stream = xds.stream()
    stream.send({ node: { id: node }, typeUrl, resourceNamesSubscribe: ['A', 'B'] })
    const seen = async () => {
      const { resources = [], removedResources = [], systemVersionInfo, nonce = '' } = await stream.next()
      stream.send({ typeUrl, responseNonce: nonce })
      return [...resources.map(({ name }) => name), ...removedResources.map((name) => `-${name}`), systemVersionInfo]
    }
    const first = [await seen(), ...(typeUrl === routeConfiguration ? [await seen()] : [])].flat()
    expect(first).toEqual(typeUrl === routeConfiguration ? ['A', '1', 'B', '1'] : ['A', 'B', '1'])
    expect(await one('UpdateResource', node, [typeUrl, 'A', '2'])).toEqual({ success: true })
    expect(await seen()).toEqual(['A', '2'])
    await one('RemoveResource', node, [typeUrl, 'B', '3'])
    // A cluster without endpoints is told so, but these belong to no cluster.
    expect(await seen()).toEqual(['-B', '3'])
    await one('AddResource', node, [typeUrl, 'B', '4'])
    expect(await seen()).toEqual(['B', '4'])
    stream.cancel()
  })

  test('a wildcard gets all, in one response, and again when one is added', async () => {
    await setState('wild', '1', { [cluster]: ['A', 'B'], [listener]: ['L'] })
    const stream = xds.world('/envoy.service.cluster.v3.ClusterDiscoveryService/StreamClusters')
    stream.send({ node: { id: 'wild' } })
    const first = await stream.next()
    expect(namesOf(first)).toEqual(['A', 'B'])
    stream.send({ versionInfo: '1', responseNonce: first.nonce ?? '' })
    await one('AddResource', 'wild', [cluster, 'C', '2'])
    const second = await stream.next()
    expect([namesOf(second), second.versionInfo]).toEqual([['A', 'B', 'C'], '2'])
    stream.cancel()
  })

  test('nodes have nothing of each other, and one without a state waits for it', async () => {
    await setState('one', '1', { [cluster]: ['A'] })
    const stream = xds.world(`${ADS}/StreamAggregatedResources`)
    stream.send({ node: { id: 'two' }, typeUrl: cluster })
    await setState('two', '1', { [cluster]: ['B'] })
    expect(namesOf(await stream.next())).toEqual(['B'])
    stream.cancel()
  })

  test('a cleared node has nothing any more', async () => {
    await setState('clear', '1', { [cluster]: ['A'] })
    expect(await call('ClearState', ['Named', 'Text'], { name: 'clear' })).toEqual({ response: 'cleared' })
    const stream = xds.world(`${ADS}/StreamAggregatedResources`)
    stream.send({ node: { id: 'clear' }, typeUrl: cluster })
    expect(namesOf(await stream.next())).toEqual([])
    stream.cancel()
  })

  test('a type that is none of ours is not set, and a stream without a node is refused', async () => {
    expect(await setState('odd', '1', { 'type.googleapis.com/odd': ['A'] })).toEqual({})
    const stream = xds.world(`${ADS}/StreamAggregatedResources`)
    stream.send({ typeUrl: cluster })
    expect((await stream.ended).code).toBe(status.INVALID_ARGUMENT)
  })
})
