import { status } from '@grpc/grpc-js'
import { decode, encode, TYPE_URLS } from '@bulkhead/envoy'
import type { ClientStatusRequest, ClientStatusResponse } from '@bulkhead/envoy'
import { beforeEach, describe, expect, test } from 'vitest'
import { clusterOf, listenerOf } from '../fleet/testing/sample.ts'
import type { TestClient } from './testing/test-client.ts'
import { FIRST, MEMBER, NODE, OTHER, useWorld } from './testing/test-server.ts'

const FETCH = '/envoy.service.status.v3.ClientStatusDiscoveryService/FetchClientStatus'
const { cluster, endpoints, listener } = TYPE_URLS
const world = useWorld()

async function fetchStatus(client: TestClient, request: ClientStatusRequest = {}): Promise<ClientStatusResponse> {
  const sent = Buffer.from(encode('envoy.service.status.v3.ClientStatusRequest', request))
  const { code, bytes } = await client.unary(FETCH, sent)
  expect(code).toBe(status.OK)
  return decode('envoy.service.status.v3.ClientStatusResponse', bytes ?? Buffer.alloc(0))
}

/** Type, name and state of each line of each node. */
async function linesOf(client: TestClient, request?: ClientStatusRequest) {
  const { config = [] } = await fetchStatus(client, request)
  return config.map(({ node, genericXdsConfigs = [] }) => [
    node?.id,
    ...genericXdsConfigs.map(({ typeUrl = '', name, configStatus, errorState }) =>
      [typeUrl.split('.').at(-1), name, configStatus, errorState?.details]
        .filter((each) => each !== undefined)
        .join(' '),
    ),
  ])
}

describe('client status', () => {
  beforeEach(() => {
    world.fleet.store.publish('a', [clusterOf('a/c')])
    world.fleet.store.publish('platform', [listenerOf('edge')])
    world.fleet.store.open()
  })

  test('rule 79: each type of each node is synced, not sent, stale or in error, read from its nonces', async () => {
    await world.start()
    const [envoy, watcher] = [await world.connect(), await world.connect(OTHER)]
    const stream = envoy.stream()
    stream.send(FIRST)
    stream.send({ typeUrl: endpoints, resourceNamesSubscribe: ['nobody'] })
    const clusters = await stream.next()
    await expect.poll(() => linesOf(watcher)).toContainEqual(['envoy-0', 'Cluster STALE', expect.anything()])
    const unknown = await stream.next()
    stream.send({ typeUrl: cluster, responseNonce: clusters.nonce ?? '' })
    stream.send({ typeUrl: endpoints, responseNonce: unknown.nonce ?? '' })
    stream.send({ typeUrl: listener })
    const listeners = await stream.next()
    const errorDetail = { code: 3, message: 'no such filter' }
    stream.send({ typeUrl: listener, responseNonce: listeners.nonce ?? '', errorDetail })
    const all = [
      ...['envoy-0', 'Cluster SYNCED', 'ClusterLoadAssignment SYNCED'],
      ...['Listener ERROR', 'Listener edge ERROR no such filter'],
    ]
    await expect.poll(() => linesOf(watcher)).toEqual([all])
  })

  test('rule 79: what has to wait for an answer to something else is not sent', async () => {
    await world.start()
    const stream = (await world.connect()).stream()
    stream.send(FIRST)
    stream.send({ typeUrl: listener })
    await stream.next()
    const watcher = await world.connect(OTHER)
    await expect.poll(() => linesOf(watcher)).toEqual([['envoy-0', 'Cluster STALE', 'Listener NOT_SENT']])
  })

  test('nodes are chosen by the whole id or its beginning, and anything else is refused by name', async () => {
    await world.start()
    const envoy = await world.connect()
    for (const id of ['envoy-0', 'envoy-1', 'other-0']) {
      const stream = envoy.stream()
      stream.send({ ...FIRST, node: { ...NODE, id } })
      await stream.next()
    }
    const watcher = await world.connect(OTHER)
    const nodes = async (nodeId: object) => (await linesOf(watcher, { nodeMatchers: [{ nodeId }] })).map(([id]) => id)
    expect(await nodes({ prefix: 'envoy-' })).toEqual(['envoy-0', 'envoy-1'])
    expect(await nodes({ exact: 'other-0' })).toEqual(['other-0'])
    const suffix = encode('envoy.service.status.v3.ClientStatusRequest', {
      nodeMatchers: [{ nodeId: { suffix: '0' } }],
    })
    expect((await watcher.unary(FETCH, Buffer.from(suffix))).code).toBe(status.INVALID_ARGUMENT)
  })

  test('rule 78: an Envoy is shown nobody, and neither is whoever is no member', async () => {
    await world.start()
    for (const wanted of [MEMBER, { uris: ['spiffe://bulkhead/fleet/other/client'] }]) {
      expect((await (await world.connect(wanted)).unary(FETCH)).code).toBe(status.PERMISSION_DENIED)
    }
    expect((await (await world.connect(OTHER)).unary(FETCH)).code).toBe(status.OK)
  })
})
