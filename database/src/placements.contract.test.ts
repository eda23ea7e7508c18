import { Secret, createMetrics, systemClock } from '@bulkhead/runtime'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openDatabase } from './database.ts'
import type { Database } from './database.ts'
import { prepareRegistry } from './ledger.ts'
import { createPlacementRegistry } from './placements.ts'
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
  { name: 'default', maxRealms: 20 },
  { name: 'second', maxRealms: 10 },
]

test('two leaders that place forty tenants at once agree about each, and go over no limit', async () => {
  const [one, two] = leaders.map((database) => createPlacementRegistry(database))
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
  const placements = createPlacementRegistry(database)
  const retained = createRetainedRegistry(database)
  const where = { realm: 'gone-realm', identityShard: 'third', schema: 'retained_gone', databaseShard: undefined }
  await retained.record({ id: 'idgone', uid: 'uid-gone', name: 'gone', ...where }, 0, signal)
  const third = [{ name: 'third', maxRealms: 1 }]
  expect(await placements.place(tenant('new'), third, 0, signal)).toEqual({ kind: 'full', shard: undefined })
  expect(await placements.shardOf('idgone', signal)).toBe('third')
  await retained.reserve('idgone', 'uid-heir', signal)
  expect(await placements.place(tenant('heir'), shards, 0, signal)).toEqual({ kind: 'placed', shard: 'third' })
}, 60_000)
