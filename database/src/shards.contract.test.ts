import { LostLeadership, Secret, createMetrics, systemClock } from '@bulkhead/runtime'
import { startFaultProxy } from '@bulkhead/runtime/testing'
import type { FaultProxy } from '@bulkhead/runtime/testing'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { DatabaseAway, restAfterFailure } from './away.ts'
import { openDatabase } from './database.ts'
import type { Database, Tx } from './database.ts'
import { fenceWrites, takeLeadership } from './leadership.ts'
import { prepareRegistry } from './ledger.ts'
import { fenceShard } from './shard-fence.ts'
import { WrongShard, nameShard } from './shard-name.ts'
import { startTestPostgres } from './testing/postgres.ts'
import type { TestPostgres } from './testing/postgres.ts'

// Two operators over a registry and a further shard, which is another database here.
const signal = AbortSignal.timeout(600_000)
const free = (): void => undefined
let postgres: TestPostgres
let proxy: FaultProxy
let installation: string
let second: string
const opened: Database[] = []

beforeAll(async () => {
  postgres = await startTestPostgres()
  second = await postgres.createDatabase('second')
  proxy = await startFaultProxy(`tcp://127.0.0.1:${postgres.port}`)
  const registry = open(postgres.database)
  await prepareRegistry(registry, postgres.database, signal)
  installation = await nameShard(registry, { name: 'default', installation: undefined }, signal)
}, 60_000)

afterAll(async () => {
  await Promise.all(opened.map((one) => one.close()))
  await proxy.stop()
  await postgres.stop()
})

function open(database: string, port = postgres.port): Database {
  const latency = createMetrics().histogram({ name: 'l', help: 'l', labels: ['call'], buckets: [1] })
  const { host, user } = postgres
  const password = new Secret(postgres.password)
  const options = { host, port, database, user, password, maxConnections: 4, clock: systemClock, latency }
  const made = openDatabase(options)
  opened.push(made)
  return made
}

interface Leader {
  readonly registry: Database
  /** Prepared, named and fenced at its first use. */
  readonly shard: Database
}

async function lead(holder: string, shard = open(second)): Promise<Leader> {
  const first = open(postgres.database)
  const registry = fenceWrites(first, { ...(await takeLeadership(first, holder, signal)), demand: free })
  const further = { name: 'second', database: shard, databaseName: second }
  return { registry, shard: fenceShard(further, { registry, installation, holder, demand: free, signal }) }
}

const insert = async (tx: Tx, id: string): Promise<void> => {
  await sql`INSERT INTO public.retained (id, uid, name, schema, retained_at) VALUES (${id}, ${id}, 'n', 's', now())`.execute(
    tx,
  )
}
const write = (leader: Leader, id: string) => leader.shard.transaction('write', signal, (tx) => insert(tx, id))
const look = (leader: Leader) => leader.shard.read('look', signal, () => Promise.resolve())
const written = async (prefix: string) =>
  (await postgres.query(`SELECT id FROM public.retained WHERE id LIKE '${prefix}%' ORDER BY id`, second)).map(
    ({ id }) => id,
  )

test('F-26 an old leader cannot write on a further shard once the new one has looked at it', async () => {
  const old = await lead('old')
  await write(old, 'a1')
  const next = await lead('next')
  await look(next)
  await expect(write(old, 'a2')).rejects.toThrow(new LostLeadership('write', '"next" leads by now'))
  await write(next, 'a3')
  expect(await written('a')).toEqual(['a1', 'a3'])
  // Looking is free for everybody.
  await look(old)
})

test('F-26 a leader that stopped in the middle of a write on a further shard does not commit after its successor looked', async () => {
  const old = await lead('old')
  const [begun, resumed] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()]
  const stopped = old.shard.transaction('write', signal, async (tx) => {
    await insert(tx, 'b1')
    begun.resolve(undefined)
    await resumed.promise
    await insert(tx, 'b2')
  })
  stopped.catch(free)
  await begun.promise
  const next = await lead('next')
  await look(next)
  resumed.resolve(undefined)
  await expect(stopped).rejects.toThrow()
  await write(next, 'b3')
  expect(await written('b')).toEqual(['b3'])
})

test('F-26 who leads no more does not begin with a shard, and takes it from nobody', async () => {
  const old = await lead('old')
  const next = await lead('next')
  await write(next, 'c1')
  await expect(write(old, 'c2')).rejects.toThrow(LostLeadership)
  await write(next, 'c3')
  expect(await written('c')).toEqual(['c1', 'c3'])
})

test('F-26 while leaders change, nothing of an earlier one is written to a shard once a later one looked at it', async () => {
  const marks: { readonly leader: number; readonly before: number }[] = []
  const countBelow = async (leader: number) => {
    const where = `id LIKE 'd%' AND name::integer < ${leader}`
    const [row] = await postgres.query(`SELECT count(*)::integer AS count FROM public.retained WHERE ${where}`, second)
    return Number(row?.['count'])
  }
  const writeAs = (leader: number, turn: number, { shard }: Leader) =>
    shard.transaction('write', signal, async (tx) => {
      await sql`INSERT INTO public.retained (id, uid, name, schema, retained_at)
        VALUES (${`d${leader}-${turn}`}, ${`d${leader}-${turn}`}, ${String(leader)}, 's', now())`.execute(tx)
      await sql`SELECT pg_sleep(0.02)`.execute(tx)
    })
  const works: Promise<unknown>[] = []
  for (let number = 1; number <= 8; number += 1) {
    const leader = await lead(`leader-${number}`)
    // The one before is still writing.
    await look(leader)
    marks.push({ leader: number, before: await countBelow(number) })
    works.push(Promise.allSettled(Array.from({ length: 6 }, (_, turn) => writeAs(number, turn, leader))))
  }
  await Promise.all(works)
  expect(await written('d8-')).toHaveLength(6)
  for (const { leader, before } of marks) expect([leader, await countBelow(leader)]).toEqual([leader, before])
}, 60_000)

test('a database that is another shard, or of another installation, is refused', async () => {
  const registry = open(postgres.database)
  await expect(nameShard(registry, { name: 'second', installation }, signal)).rejects.toThrow(
    'Cannot use a database as Postgres shard "second": it is the shard "default"',
  )
  const stranger = { name: 'second', installation: '00000000-0000-4000-8000-000000000000' }
  await expect(nameShard(open(second), stranger, signal)).rejects.toThrow(WrongShard)
  await nameShard(open(second), { name: 'second', installation }, signal)
})

test('F-51 a shard that is away costs its callers a time-out once, not each of them, and comes back by itself', async () => {
  let nowMs = 0
  const clock = { ...systemClock, now: () => nowMs }
  const through = open(second, proxy.port)
  const leader = await lead('patient', restAfterFailure(through, { name: 'second', clock, restMs: 5_000 }))
  await look(leader)
  proxy.set({ kind: 'reset' })
  await expect(look(leader)).rejects.toThrow()
  const { accepted } = proxy
  const results = await Promise.allSettled(Array.from({ length: 20 }, () => look(leader)))
  expect(results.every((one) => one.status === 'rejected' && one.reason instanceof DatabaseAway)).toBe(true)
  expect(proxy.accepted).toBe(accepted)
  // The registry is another server: who has its schema there notices nothing.
  await leader.registry.transaction('write', signal, (tx) => insert(tx, 'e1'))
  proxy.set({ kind: 'pass' })
  await expect(look(leader)).rejects.toThrow(DatabaseAway)
  nowMs += 5_000
  await expect
    .poll(() =>
      look(leader).then(
        () => true,
        () => (nowMs += 5_000) < 0,
      ),
    )
    .toBe(true)
  await write(leader, 'e2')
  expect(await written('e')).toEqual(['e2'])
})
