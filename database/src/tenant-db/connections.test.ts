import { tenantId } from '@bulkhead/tenancy'
import pg from 'pg'
import { expect, test } from 'vitest'
import { Connections } from './connections.ts'

const [a, b, c] = [tenantId('a'), tenantId('b'), tenantId('c')]
const { signal } = new AbortController()

async function used(connections: Connections, tenant: typeof a) {
  const place = await connections.take(tenant, signal)
  // Never connected: what counts here is which one it is.
  place.client ??= new pg.Client()
  return place
}

/** Whether the promise is settled once everything that can go on has gone on. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const pending = {}
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve()
  return (await Promise.race([promise, Promise.resolve(pending)])) !== pending
}

test('S-164 a connection that one tenant used is never given to another', async () => {
  const connections = new Connections({ maxConnections: 1, maxPerTenant: 1 })
  const first = await used(connections, a)
  connections.give(first, true)
  const second = await used(connections, b)
  expect(second.client).not.toBe(first.client)
  connections.give(second, true)
  expect((await used(connections, a)).client).not.toBe(first.client)
})

test('a clean connection serves its own tenant again, a dirty one nobody', async () => {
  const connections = new Connections({ maxConnections: 2, maxPerTenant: 2 })
  const first = await used(connections, a)
  connections.give(first, true)
  const again = await used(connections, a)
  expect(again.client).toBe(first.client)
  connections.give(again, false)
  expect((await used(connections, a)).client).not.toBe(first.client)
})

test('S-169 one tenant holds its share and no more, and others do not wait for it', async () => {
  const connections = new Connections({ maxConnections: 3, maxPerTenant: 2 })
  const [first] = [await used(connections, a), await used(connections, a)]
  const third = used(connections, a)
  expect(await isSettled(third)).toBe(false)
  const other = await used(connections, b)
  expect(other.tenant).toBe(b)
  connections.give(first, true)
  expect((await third).client).toBe(first.client)
})

test('who waits is served in order, and who stops waiting takes no place', async () => {
  const connections = new Connections({ maxConnections: 1, maxPerTenant: 1 })
  const held = await used(connections, a)
  const impatient = new AbortController()
  const leaves = connections.take(b, impatient.signal)
  const stays = connections.take(c, signal)
  impatient.abort(new Error('enough'))
  await expect(leaves).rejects.toThrow('enough')
  connections.give(held, true)
  expect((await stays).tenant).toBe(c)
})

test('a connection that ended while it was idle makes room', async () => {
  const connections = new Connections({ maxConnections: 1, maxPerTenant: 1 })
  const place = await used(connections, a)
  connections.give(place, true)
  connections.ended(place)
  expect((await used(connections, a)).client).not.toBe(place.client)
})
