import { Secret, createMetrics, systemClock } from '@bulkhead/runtime'
import { tenantId } from '@bulkhead/tenancy'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openDatabase } from './database.ts'
import type { Database } from './database.ts'
import type { Claim } from './grants.ts'
import { prepareRegistry } from './ledger.ts'
import { createGrantRegistry } from './registry.ts'
import { startTestPostgres } from './testing/postgres.ts'
import type { TestPostgres } from './testing/postgres.ts'

// Two operators that both believe they lead, each with its own connections, on a real Postgres.
let postgres: TestPostgres
let leaders: readonly [Database, Database]
const signal = AbortSignal.timeout(600_000)
const [each, inAll] = [500, 1000]
const contested = 'api.contested.example'
const terms = { capacity: 2 * inAll, quarantineMs: 60_000, nowMs: Date.parse('2026-11-01T12:00:00Z') }

beforeAll(async () => {
  postgres = await startTestPostgres()
  leaders = [open(), open()]
  await prepareRegistry(leaders[0], postgres.database, signal)
}, 300_000)

afterAll(async () => {
  await Promise.all(leaders.map((leader) => leader.close()))
  await postgres.stop()
})

function open(): Database {
  const { host, port, user, database, password } = postgres
  return openDatabase({
    ...{ host, port, user, database, password: new Secret(password), maxConnections: 16, clock: systemClock },
    latency: createMetrics().histogram({ name: 'postgres_seconds', help: 'x', labels: ['call'], buckets: [1] }),
  })
}

function claimOf(number: number): Claim {
  const [uid, name] = [`uid-${number}`, `t-${number}`]
  const ownHost = `${name}.gw.test`
  return { uid, id: tenantId(uid), name, hosts: [ownHost, contested], ownHost, guaranteed: 1 }
}

test('D-20 of a thousand Tenants that claim one host at two leaders at once, one gets it and the others lose nothing else', async () => {
  const claims = Array.from({ length: inAll }, (_, number) => claimOf(number))
  const registries = leaders.map((leader) => createGrantRegistry(leader))
  const [first, second] = registries
  if (first === undefined || second === undefined) throw new Error('no registry')
  // The good path, and what would happen if nothing but the look decided: every one of them would have it.
  const looks = await Promise.all(claims.slice(0, 20).map((claim) => first.inspect(claim, terms, signal)))
  expect(looks.every(({ hosts }) => hosts.includes(contested))).toBe(true)

  const startedMs = Date.now()
  const judged = await Promise.all(
    claims.map((claim, number) => untilAnswered(() => (number < each ? first : second).claim(claim, terms, signal))),
  )
  const winners = judged.filter(({ hosts }) => hosts.includes(contested))
  const losers = judged.filter(({ refusedHosts }) => refusedHosts.includes(contested))
  process.stdout.write(
    `${judged.length} claims of one host at 2 leaders in ${Date.now() - startedMs} ms: ${winners.length} granted, ${losers.length} refused\n`,
  )
  expect([winners.length, losers.length]).toEqual([1, inAll - 1])
  expect(
    losers.every(({ hosts, guaranteed, missing }) => hosts.length === 1 && guaranteed === 1 && missing === 0),
  ).toBe(true)
  const rows = await postgres.query(
    `SELECT (SELECT count(*)::int FROM hostnames) AS hosts, (SELECT count(DISTINCT tenant_uid)::int FROM hostnames) AS holders,
       (SELECT count(*)::int FROM hostnames WHERE host = '${contested}') AS contested, (SELECT sum(guaranteed)::int FROM tenants) AS shares`,
    postgres.database,
  )
  expect(rows).toEqual([{ hosts: inAll + 1, holders: inAll, contested: 1, shares: inAll }])
  // Asked again, everybody gets the same answer from the other leader.
  const again = await Promise.all(claims.slice(0, 20).map((claim) => second.claim(claim, terms, signal)))
  expect(again.map(({ hosts }) => hosts)).toEqual(judged.slice(0, 20).map(({ hosts }) => hosts))
  expect(again.every(({ changes }) => !changes)).toBe(true)
}, 400_000)

test('D-20 shares that two leaders grant at once never add up to more than the fleet carries', async () => {
  const capacity = inAll + 100
  const claims = Array.from({ length: 200 }, (_, number) => ({ ...claimOf(number), guaranteed: 3 }))
  const judged = await Promise.all(
    claims.map((claim, number) => {
      const registry = createGrantRegistry(leaders[number % 2 === 0 ? 0 : 1])
      return untilAnswered(() => registry.claim(claim, { ...terms, capacity }, signal))
    }),
  )
  // Each grew by two, or stays at one: asking for too much takes nothing away.
  expect(judged.filter(({ guaranteed }) => guaranteed === 3)).toHaveLength(50)
  expect(judged.filter(({ guaranteed }) => guaranteed === 1)).toHaveLength(claims.length - 50)
  const [sum] = await postgres.query('SELECT sum(guaranteed)::int AS shares FROM tenants', postgres.database)
  expect(sum).toEqual({ shares: capacity })
})

test('S-113 of three hundred new hosts that two Tenants claim at once, each at its own leader, none is granted twice', async () => {
  const registries = leaders.map((leader) => createGrantRegistry(leader))
  const trials = 300
  const claimAt = (side: 0 | 1, trial: number) => {
    const claim = { ...claimOf(side), hosts: [`race-${trial}.example`], guaranteed: 0 }
    return { ...claim, uid: `race-${side}-${trial}`, id: tenantId(`race-${side}-${trial}`) }
  }
  const winners: number[] = []
  for (let begun = 0; begun < trials; begun += 25) {
    const pairs = Array.from({ length: 25 }, (_, index) =>
      Promise.all(
        ([0, 1] as const).map((side) =>
          untilAnswered(() => createGrantRegistry(leaders[side]).claim(claimAt(side, begun + index), terms, signal)),
        ),
      ),
    )
    for (const pair of await Promise.all(pairs)) {
      expect(pair.filter(({ hosts }) => hosts.length === 1)).toHaveLength(1)
      winners.push(pair.findIndex(({ hosts }) => hosts.length === 1))
    }
  }
  process.stdout.write(`${trials} races, ${winners.filter((side) => side === 0).length} won at the first leader\n`)
  // Both leaders say the same of all of them, and so does one that starts afterwards.
  const again = open()
  for (const registry of [...registries, createGrantRegistry(again)]) {
    for (let trial = 0; trial < trials; trial += 50) {
      const seen = await Promise.all(
        ([0, 1] as const).map((side) => registry.inspect(claimAt(side, trial), terms, signal)),
      )
      expect(seen.findIndex(({ hosts }) => hosts.length === 1)).toBe(winners[trial])
      expect(seen.filter(({ hosts }) => hosts.length === 1)).toHaveLength(1)
    }
  }
  await again.close()
}, 400_000)

// A machine that is busy lets a claim wait for longer than a transaction may; the operator tries again too.
async function untilAnswered<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      signal.throwIfAborted()
      if (!/timeout|lock/.test(String(error))) throw error
    }
  }
}
