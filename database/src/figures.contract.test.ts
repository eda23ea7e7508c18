import { Secret, createMetrics, systemClock } from '@bulkhead/runtime'
import { retainedSchemaOf, roleOf, schemaOf, tenantId } from '@bulkhead/tenancy'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openDatabase } from './database.ts'
import type { Database } from './database.ts'
import { prepareRegistry } from './ledger.ts'
import { createTenantDatabase } from './tenant-database.ts'
import type { TenantDatabase } from './tenant-database.ts'
import { createTenantDb } from './tenant-db/tenant-db.ts'
import type { TenantDb } from './tenant-db/tenant-db.ts'
import { startTestPostgres } from './testing/postgres.ts'
import type { TestPostgres } from './testing/postgres.ts'

const signal = AbortSignal.timeout(300_000)
const password = new Secret('password')
const [acme, globex] = [tenantId('acme'), tenantId('globex')]
const roles = [roleOf(acme), roleOf(globex)]

let postgres: TestPostgres
let operator: Database
let databases: TenantDatabase
let db: TenantDb

beforeAll(async () => {
  postgres = await startTestPostgres()
  const { host, port, user, database } = postgres
  const latency = createMetrics().histogram({ name: 'f', help: 'f', labels: ['call'], buckets: [1] })
  const own = new Secret(postgres.password)
  operator = openDatabase({ host, port, user, database, password: own, latency, maxConnections: 4, clock: systemClock })
  await prepareRegistry(operator, database, signal)
  databases = createTenantDatabase(operator, database)
  for (const [id, uid] of [
    [acme, 'acme'],
    [globex, 'globex'],
  ] as const) {
    const tenant = { uid, schema: schemaOf(id), role: roleOf(id), retainedSchema: retainedSchemaOf(id) }
    await databases.prepare(tenant, { canLogin: true, connectionLimit: 5, password }, signal)
  }
  db = createTenantDb({
    loginOf: () => Promise.resolve({ host, port, database, password }),
    applicationName: 'figures',
  })
})

afterAll(async () => {
  await db.close()
  await operator.close()
  await postgres.stop()
})

const isLoaded = async () =>
  (await postgres.query("SELECT FROM pg_settings WHERE name = 'pg_stat_statements.max'")).length > 0
const readAudit = (id: typeof acme) => db.transaction(id, signal, (tx) => tx.selectFrom('audit').select('id').execute())

test('where nobody counts, that is said', async () => {
  const [told] = await databases.figures(roles, signal)
  expect(told).toEqual({ kind: 'untold', why: 'pg_stat_statements is not loaded, or not made in the database' })
})

test('the statements of each role are counted, and no right but our own is needed for it', async ({ skip }) => {
  skip(!(await isLoaded()), 'This server does not load pg_stat_statements')
  await postgres.query('CREATE EXTENSION pg_stat_statements', postgres.database)
  await postgres.query('SELECT pg_stat_statements_reset()', postgres.database)
  for (let time = 0; time < 7; time += 1) await readAudit(acme)
  await readAudit(globex)
  const [told] = await databases.figures(roles, signal)
  if (told?.kind !== 'told') throw new Error('Nothing was told')
  const callsOf = (id: typeof acme) => told.roles.find(({ role }) => role === roleOf(id))?.calls ?? 0
  // Besides the seven: a beginning, a look at who it is, an end, and a clean-up.
  expect(callsOf(acme)).toBeGreaterThanOrEqual(7 * 4)
  expect(callsOf(globex)).toBeLessThan(callsOf(acme))
  expect(told.roles.map(({ role }) => role).toSorted()).toEqual(roles.toSorted())
  expect(told.roles.every(({ seconds, rows }) => seconds > 0 && rows > 0)).toBe(true)
})

test('S-167 neither we nor another tenant reads a statement of a tenant, or what it cost', async ({ skip }) => {
  skip(!(await isLoaded()), 'This server does not load pg_stat_statements')
  await db.transaction(acme, signal, (tx) => sql`SELECT 'a secret of acme' AS text FROM audit`.execute(tx))
  const texts = await operator.read('look', signal, (tx) =>
    sql<{ query: string }>`SELECT s.query FROM public.pg_stat_statements AS s JOIN pg_roles AS r ON r.oid = s.userid
      WHERE r.rolname = ${roleOf(acme)}`.execute(tx),
  )
  expect(texts.rows.length).toBeGreaterThan(0)
  expect(new Set(texts.rows.map(({ query }) => query))).toEqual(new Set(['<insufficient privilege>']))
  const looking = db.transaction(globex, signal, (tx) => sql`SELECT * FROM public.pg_stat_statements`.execute(tx))
  await expect(looking).rejects.toThrow('permission denied for schema public')
})
