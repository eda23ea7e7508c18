import { LostLeadership, Secret, createMetrics, systemClock } from '@bulkhead/runtime'
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { openDatabase } from './database.ts'
import type { Database, Tx } from './database.ts'
import { fenceWrites, takeLeadership } from './leadership.ts'
import { prepareRegistry } from './ledger.ts'
import { startTestPostgres } from './testing/postgres.ts'
import type { TestPostgres } from './testing/postgres.ts'

let postgres: TestPostgres
let one: Database
let two: Database
const signal = AbortSignal.timeout(600_000)
const free = (): void => undefined

beforeAll(async () => {
  postgres = await startTestPostgres()
  one = open()
  two = open()
  await prepareRegistry(one, postgres.database, signal)
})

afterAll(async () => {
  await Promise.all([one.close(), two.close()])
  await postgres.stop()
})

beforeEach(async () => {
  await postgres.query('DELETE FROM public.retained', postgres.database)
})

function open(): Database {
  const { host, port, database, user } = postgres
  const latency = createMetrics().histogram({ name: 'l', help: 'l', labels: ['call'], buckets: [1] })
  const password = new Secret(postgres.password)
  return openDatabase({ host, port, database, user, password, maxConnections: 4, clock: systemClock, latency })
}

const insert = async (tx: Tx, id: string): Promise<void> => {
  await sql`INSERT INTO public.retained (id, uid, name, schema, retained_at) VALUES (${id}, ${id}, 'n', 's', now())`.execute(
    tx,
  )
}
const written = async (): Promise<readonly unknown[]> =>
  (await postgres.query('SELECT id FROM public.retained ORDER BY id', postgres.database)).map(({ id }) => id)

test('every leader raises the epoch, and many that come at one moment get one each', async () => {
  const reigns = await Promise.all(
    Array.from({ length: 8 }, async (_, index) => takeLeadership(index % 2 === 0 ? one : two, `h${index}`, signal)),
  )
  const epochs = reigns.map(({ epoch }) => Number(epoch)).toSorted((a, b) => a - b)
  expect(epochs).toEqual(Array.from({ length: 8 }, (_, index) => (epochs[0] ?? 0) + index))
})

test('F-26 a write of an earlier epoch is refused and leaves nothing; a read is not', async () => {
  const first = fenceWrites(one, { ...(await takeLeadership(one, 'first', signal)), demand: free })
  await first.transaction('write', signal, (tx) => insert(tx, 'a'))
  const second = fenceWrites(two, { ...(await takeLeadership(two, 'second', signal)), demand: free })
  await expect(first.transaction('write', signal, (tx) => insert(tx, 'b'))).rejects.toThrow(
    new LostLeadership('write', '"second" leads by now'),
  )
  await second.transaction('write', signal, (tx) => insert(tx, 'c'))
  expect(await written()).toEqual(['a', 'c'])
  const count = await first.read('look', signal, (tx) =>
    tx.withSchema('public').selectFrom('retained').selectAll().execute(),
  )
  expect(count).toHaveLength(2)
})

test('F-26 a leader that stopped in the middle of a transaction neither holds up its successor nor commits', async () => {
  const first = fenceWrites(one, { ...(await takeLeadership(one, 'first', signal)), demand: free })
  const begun = Promise.withResolvers<undefined>()
  const resumed = Promise.withResolvers<undefined>()
  const stopped = first.transaction('write', signal, async (tx) => {
    await insert(tx, 'half')
    begun.resolve(undefined)
    await resumed.promise
    await insert(tx, 'other half')
  })
  stopped.catch(free)
  await begun.promise
  const startedMs = performance.now()
  const second = fenceWrites(two, { ...(await takeLeadership(two, 'second', signal)), demand: free })
  expect(performance.now() - startedMs).toBeLessThan(5_000)
  await second.transaction('write', signal, (tx) => insert(tx, 'whole'))
  resumed.resolve(undefined)
  await expect(stopped).rejects.toThrow()
  expect(await written()).toEqual(['whole'])
  // The pool of the first goes on: its next write is refused by the fence, not by a broken connection.
  await expect(first.transaction('write', signal, (tx) => insert(tx, 'late'))).rejects.toThrow(LostLeadership)
})

test('writes of one leader do not wait for each other at the fence', async () => {
  const leader = fenceWrites(one, { ...(await takeLeadership(one, 'first', signal)), demand: free })
  const inside = Promise.withResolvers<undefined>()
  const slow = leader.transaction('write', signal, () => inside.promise)
  await leader.transaction('write', signal, (tx) => insert(tx, 'quick'))
  inside.resolve(undefined)
  await slow
  expect(await written()).toEqual(['quick'])
})

test('F-26 while leaders change again and again, nothing of an earlier epoch is committed once a later one began', async () => {
  const older = async (database: Database, epoch: string): Promise<number> =>
    database.read('look', signal, async (tx) => {
      const { rows } = await sql<{ readonly count: number }>`
        SELECT count(*)::integer AS count FROM public.retained WHERE name::bigint < ${epoch}::bigint`.execute(tx)
      return rows[0]?.count ?? -1
    })
  let writes = 0
  const write = async (leader: Database, epoch: string): Promise<void> => {
    const id = `w${++writes}`
    await leader.transaction('write', signal, async (tx) => {
      await sql`INSERT INTO public.retained (id, uid, name, schema, retained_at)
        VALUES (${id}, ${id}, ${epoch}, 's', now())`.execute(tx)
      await sql`SELECT pg_sleep(0.03)`.execute(tx)
    })
  }
  const seen: { readonly epoch: string; readonly before: number }[] = []
  const lead = async (database: Database): Promise<void> => {
    for (let round = 0; round < 8; round++) {
      const { epoch, holder } = await takeLeadership(database, 'x', signal)
      seen.push({ epoch, before: await older(database, epoch) })
      const leader = fenceWrites(database, { epoch, holder, demand: free })
      for (let turn = 0; turn < 2; turn++) {
        await Promise.allSettled([write(leader, epoch), write(leader, epoch), write(leader, epoch)])
      }
    }
  }
  await Promise.all([lead(one), lead(two)])
  expect(seen).toHaveLength(16)
  expect(await written()).not.toEqual([])
  for (const { epoch, before } of seen) expect([epoch, await older(one, epoch)]).toEqual([epoch, before])
})

test('without the lease no transaction begins', async () => {
  const refuse = (doing: string): void => {
    throw new LostLeadership(doing, 'the lease is not surely ours')
  }
  const fenced = fenceWrites(one, { ...(await takeLeadership(one, 'first', signal)), demand: refuse })
  await expect(fenced.transaction('write', signal, (tx) => insert(tx, 'a'))).rejects.toThrow(LostLeadership)
  await fenced.read('look', signal, (tx) => sql`SELECT 1`.execute(tx))
  expect(await written()).toEqual([])
})

test('a read that writes is refused by Postgres', async () => {
  await expect(one.read('look', signal, (tx) => insert(tx, 'a'))).rejects.toThrow('read-only transaction')
})
