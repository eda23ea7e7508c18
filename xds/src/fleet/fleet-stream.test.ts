import { TYPE_URLS } from '@bulkhead/envoy'
import { expect, test } from 'vitest'
import { ON_DEMAND_SECRETS } from '../subscription/index.ts'
import { SimulatedClient } from '../subscription/testing/simulated-client.ts'
import { Fleet } from './fleet.ts'
import type { AcknowledgementChange } from './fleet.ts'
import { FleetStream } from './fleet-stream.ts'
import { clusterOf, secretOf } from './testing/sample.ts'

const { secret } = TYPE_URLS
const window = { maxResponses: 64, maxBytes: 1 << 20, maxResponseBytes: 1 << 20 }

function secretStream(fleet: Fleet, name: string) {
  const woken = { count: 0 }
  const stream = new FleetStream(fleet, {
    ...{ id: name, variant: 'delta', types: ON_DEMAND_SECRETS, ownType: secret, window, answerTimeoutMs: 5_000 },
    isCounted: false,
    onChange: () => (woken.count += 1),
  })
  const client = new SimulatedClient(stream)
  client.ask(secret, { subscribe: [name] })
  client.drain()
  return { client, woken }
}

test('a stream of one certificate is woken by that certificate, and by no other change', () => {
  const fleet = new Fleet()
  fleet.store.publish('a', [secretOf('a.example')])
  fleet.store.open()
  const { client, woken } = secretStream(fleet, 'a.example')
  fleet.store.publish('b', [clusterOf('b/c'), secretOf('b.example')])
  fleet.store.publish('a', [clusterOf('a/c'), secretOf('a.example')])
  expect(woken.count).toBe(0)
  fleet.store.publish('a', [])
  expect(woken.count).toBe(1)
  expect(client.receive().map(({ removed }) => removed)).toEqual([['a.example']])
})

test('a refusal there holds up nothing, and whoever reports is told of it', () => {
  const fleet = new Fleet()
  const told: AcknowledgementChange[] = []
  fleet.subscribe((change) => told.push(change))
  fleet.store.publish('a', [secretOf('a.example')])
  fleet.store.open()
  const { client } = secretStream(fleet, 'b.example')
  client.ask(secret, { subscribe: ['a.example'] })
  const [response] = client.receive()
  expect(response?.resources.map(({ name }) => name)).toEqual(['a.example'])
  if (response !== undefined) client.nack(response, 'no such curve')
  const version = fleet.store.find(secret, 'a.example')?.resource?.version
  const entries = [{ name: 'a.example', group: 'a', version }]
  expect(told).toMatchObject([{ kind: 'refused aside', refusal: { typeUrl: secret, entries, error: 'no such curve' } }])
  expect(fleet.store.isPinned('a')).toBe(false)
  expect(fleet.store.find(secret, 'a.example')?.resource?.version).toBe(version)
})
