import { Secret, createMetrics, systemClock } from '@bulkhead/runtime'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openDatabase } from './database.ts'
import type { Database } from './database.ts'
import type { Claim } from './grants.ts'
import { prepareRegistry } from './ledger.ts'
import { createGrantRegistry } from './registry.ts'
import { startTestPostgres } from './testing/postgres.ts'
import type { TestPostgres } from './testing/postgres.ts'

let postgres: TestPostgres
let database: Database
const signal = AbortSignal.timeout(600_000)
const terms = { capacity: 1_000_000, quarantineMs: 1000, nowMs: 1_000_000 }

beforeAll(async () => {
  postgres = await startTestPostgres()
  const { host, port, database: name, user } = postgres
  const latency = createMetrics().histogram({ name: 'l', help: 'l', labels: ['call'], buckets: [1] })
  const password = new Secret(postgres.password)
  database = openDatabase({
    host,
    port,
    database: name,
    user,
    password,
    maxConnections: 8,
    clock: systemClock,
    latency,
  })
  await prepareRegistry(database, name, signal)
})

afterAll(async () => {
  await database.close()
  await postgres.stop()
})

const claimOf = (name: string, issuer?: string): Claim => {
  const ownHost = `${name}.gw.test`
  return { uid: `uid-${name}`, id: name.padEnd(13, 'a'), name, hosts: [ownHost], ownHost, guaranteed: 1, issuer }
}

test('one issuer goes to one of many who claim it at once, and is free again when that one is gone', async () => {
  const registry = createGrantRegistry(database)
  const names = Array.from({ length: 20 }, (_, index) => `t${index}`)
  const judged = await Promise.all(
    names.map((name) => registry.claim(claimOf(name, 'https://idp.example'), terms, signal)),
  )
  const winners = names.filter((_name, index) => judged[index]?.issuer.granted === 'https://idp.example')
  expect(winners.length).toBe(1)
  expect(judged.filter(({ issuer }) => issuer.isRefused).length).toBe(19)
  const [winner = ''] = winners
  const other = names.find((name) => name !== winner) ?? ''
  expect((await registry.inspect(claimOf(winner, 'https://idp.example'), terms, signal)).changes).toBe(false)
  await registry.release(claimOf(winner), terms, signal)
  expect(await registry.standing(`uid-${winner}`, signal)).toBe('listed')
  await registry.forget(`uid-${winner}`, signal)
  expect(await registry.standing(`uid-${winner}`, signal)).toBe('gone')
  expect((await registry.claim(claimOf(other, 'https://idp.example'), terms, signal)).issuer.granted).toBeDefined()
})

test('a tenant that moves to another issuer leaves the old one to others', async () => {
  const registry = createGrantRegistry(database)
  await registry.claim(claimOf('mover', 'https://old.example'), terms, signal)
  await registry.claim(claimOf('mover', 'https://new.example'), terms, signal)
  expect((await registry.claim(claimOf('next', 'https://old.example'), terms, signal)).issuer.granted).toBeDefined()
})

test('a claim without any host is judged and kept like another', async () => {
  const registry = createGrantRegistry(database)
  const claim = { ...claimOf('hostless'), hosts: [] }
  expect(await registry.claim(claim, terms, signal)).toMatchObject({ hosts: [], refusedHosts: [], guaranteed: 1 })
  expect((await registry.inspect(claim, terms, signal)).changes).toBe(false)
})
