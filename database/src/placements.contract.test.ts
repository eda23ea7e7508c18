import { Secret, createMetrics, systemClock } from '@bulkhead/runtime'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openDatabase } from './database.ts'
import type { Database } from './database.ts'
import { prepareRegistry } from './ledger.ts'
import { createPlacementRegistry } from './placements.ts'
import { createGrantRegistry } from './registry.ts'
import { readOccupancy } from './occupancy.ts'
import { createRetainedRegistry } from './retained.ts'
import { startTestPostgres } from './testing/postgres.ts'
import type { TestPostgres } from './testing/postgres.ts'

const signal = AbortSignal.timeout(600_000)
let postgres: TestPostgres
let leaders: readonly Database[]

beforeAll(async () => {
  postgres = await startTestPostgres()
  const { host, port, user, database, password } = postgres
  const latency = createMetrics().histogram({ name: 'p', help: 'p', labels: ['call'], buckets: [1] })
  const open = () =>
    openDatabase({
      ...{ host, port, user, database, latency },
      password: new Secret(password),
      maxConnections: 8,
      clock: systemClock,
    })
  leaders = [open(), open()]
  await Promise.all(leaders.slice(0, 1).map((one) => prepareRegistry(one, database, signal)))
}, 60_000)
afterAll(async () => {
  await Promise.all(leaders.map((one) => one.close()))
  await postgres.stop()
})

const tenant = (name: string, wish?: string) => ({
  uid: `uid-${name}`,
  id: `id-${name}`,
  name,
  wish,
  isStanding: false,
})
const shards = [
  { name: 'default', capacity: 20 },
  { name: 'second', capacity: 10 },
]

test('two leaders that place forty tenants at once agree about each, and go over no limit', async () => {
  const [one, two] = leaders.map((database) => createPlacementRegistry(database, 'database'))
  if (one === undefined || two === undefined) throw new Error('There are no two leaders')
  const names = Array.from({ length: 40 }, (_, index) => `t${index}`)
  const pairs = await Promise.all(
    names.map((name) => Promise.all([one, two].map((leader) => leader.place(tenant(name), shards, 0, signal)))),
  )
  expect(pairs.map(([mine]) => mine)).toEqual(pairs.map(([, theirs]) => theirs))
  const placed = pairs.flatMap(([mine]) => (mine?.kind === 'placed' ? [mine.shard] : []))
  expect(placed.filter((name) => name === 'default')).toHaveLength(20)
  expect(placed.filter((name) => name === 'second')).toHaveLength(10)
  expect(pairs.filter(([mine]) => mine?.kind === 'full')).toHaveLength(10)
  // For life: neither a wish nor another configuration moves it.
  const name = names[pairs.findIndex(([mine]) => mine?.kind === 'placed')] ?? ''
  const before = await one.place(tenant(name), shards, 0, signal)
  expect(await two.place(tenant(name, 'second'), [], 0, signal)).toEqual(before)
  expect(await two.shardOf(`id-${name}`, signal)).toBe(before.shard)
}, 60_000)

test('what deleted tenants left counts and is found, and whoever takes it up stays with it', async () => {
  const [database] = leaders
  if (database === undefined) throw new Error('There is no leader')
  const placements = createPlacementRegistry(database, 'identity')
  const schemas = createPlacementRegistry(database, 'database')
  const retained = createRetainedRegistry(database)
  const where = { realm: 'gone-realm', identityShard: 'third', schema: 'retained_gone', databaseShard: 'other' }
  await retained.record({ id: 'idgone', uid: 'uid-gone', name: 'gone', ...where }, 0, signal)
  const [third, other] = [[{ name: 'third', capacity: 1 }], [{ name: 'other', capacity: 1 }]]
  expect(await placements.place(tenant('new'), third, 0, signal)).toEqual({ kind: 'full', shard: undefined })
  expect(await schemas.place(tenant('new'), other, 0, signal)).toEqual({ kind: 'full', shard: undefined })
  expect(await placements.shardOf('idgone', signal)).toBe('third')
  expect(await schemas.shardOf('idgone', signal)).toBe('other')
  const kept = { wall: 'database', shard: 'other', placed: 1 }
  expect(await readOccupancy(database, signal)).toContainEqual(kept)
  await retained.reserve('idgone', 'uid-heir', signal)
  expect(await placements.place(tenant('heir'), shards, 0, signal)).toEqual({ kind: 'placed', shard: 'third' })
  expect(await schemas.place(tenant('heir'), shards, 0, signal)).toEqual({ kind: 'placed', shard: 'other' })
  // Taken up, it counts as the new tenant's and once.
  await retained.finish('idgone', 0, signal)
  expect(await readOccupancy(database, signal)).toEqual(
    expect.arrayContaining([kept, { wall: 'identity', shard: 'third', placed: 1 }]),
  )
  const two = [{ name: 'other', capacity: 2 }]
  expect(await schemas.place(tenant('new'), two, 0, signal)).toEqual({ kind: 'placed', shard: 'other' })
  expect(await schemas.place(tenant('newer'), two, 0, signal)).toEqual({ kind: 'full', shard: undefined })
  // Purged, it makes room.
  await retained.record({ id: 'idleft', uid: 'uid-left', name: 'left', ...where, databaseShard: 'last' }, 0, signal)
  const last = [{ name: 'last', capacity: 1 }]
  expect(await schemas.place(tenant('newer'), last, 0, signal)).toEqual({ kind: 'full', shard: undefined })
  await retained.forget('idleft', signal)
  expect(await schemas.place(tenant('newer'), last, 0, signal)).toEqual({ kind: 'placed', shard: 'last' })
}, 60_000)

test('what was kept before there were several is on the first, and so is whoever takes it up', async () => {
  const [database] = leaders
  if (database === undefined) throw new Error('There is no leader')
  const retained = createRetainedRegistry(database)
  const schemas = createPlacementRegistry(database, 'database')
  const nowhere = { realm: undefined, identityShard: undefined, schema: 'retained_old', databaseShard: undefined }
  await retained.record({ id: 'idold', uid: 'uid-old', name: 'old', ...nowhere }, 0, signal)
  await retained.reserve('idold', 'uid-next', signal)
  const full = [{ name: 'default', capacity: 0 }, ...shards.slice(1)]
  expect(await schemas.place(tenant('next'), full, 0, signal)).toEqual({ kind: 'placed', shard: 'default' })
  // It brought no realm: that is placed like a new one.
  const realms = createPlacementRegistry(database, 'identity')
  expect(await realms.place(tenant('next'), [{ name: 'empty', capacity: 1 }], 0, signal)).toEqual({
    ...{ kind: 'placed', shard: 'empty' },
  })
}, 60_000)

test('a place is kept while a tenant is only listed, and a registry that lost the tenant is told of it again', async () => {
  const [database] = leaders
  if (database === undefined) throw new Error('There is no leader')
  const schemas = createPlacementRegistry(database, 'database')
  const grants = createGrantRegistry(database)
  const terms = { capacity: 100, quarantineMs: 1000, nowMs: 0 }
  const claim = {
    uid: 'uid-kept',
    id: 'id-kept',
    name: 'kept',
    hosts: ['kept.test'],
    ownHost: 'kept.test',
    guaranteed: 1,
  }
  const roomy = [{ name: 'roomy', capacity: 1000 }]
  await schemas.place(tenant('kept'), roomy, 0, signal)
  await grants.claim(claim, terms, signal)
  await grants.release(claim, terms, signal)
  expect([await grants.standing('uid-kept', signal), await schemas.shardOf('id-kept', signal)]).toEqual([
    'listed',
    'roomy',
  ])
  await grants.forget('uid-kept', signal)
  expect([await grants.standing('uid-kept', signal), await schemas.shardOf('id-kept', signal)]).toEqual([
    'gone',
    undefined,
  ])
  await grants.claim({ ...claim, standingOn: { identity: undefined, database: 'second' } }, terms, signal)
  expect(await schemas.shardOf('id-kept', signal)).toBe('second')
}, 60_000)
