import { Secret, createMetrics, systemClock } from '@bulkhead/runtime'
import { retainedSchemaOf, roleOf, schemaOf, tenantId } from '@bulkhead/tenancy'
import type { TenantId } from '@bulkhead/tenancy'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openDatabase } from '../database.ts'
import type { Database } from '../database.ts'
import { prepareRegistry } from '../ledger.ts'
import { createTenantDatabase } from '../tenant-database.ts'
import { startTestPostgres } from '../testing/postgres.ts'
import type { TestPostgres } from '../testing/postgres.ts'
import { createTenantDb } from './tenant-db.ts'
import type { TenantDb, TenantDbOptions, TenantTx } from './tenant-db.ts'

const [acme, globex] = [tenantId('uid-acme'), tenantId('uid-globex')]
const signal = AbortSignal.timeout(600_000)
const passwords = new Map<TenantId, string>([
  [acme, 'password-of-acme'],
  [globex, 'password-of-globex'],
])

let postgres: TestPostgres
let operator: Database
let db: TenantDb

beforeAll(async () => {
  postgres = await startTestPostgres()
  const { host, port, database, user } = postgres
  const latency = createMetrics().histogram({ name: 'p', help: 'p', labels: ['call'], buckets: [1] })
  const password = new Secret(postgres.password)
  operator = openDatabase({ host, port, database, user, password, latency, maxConnections: 4, clock: systemClock })
  await prepareRegistry(operator, database, signal)
  await Promise.all([prepare(acme, 'uid-acme'), prepare(globex, 'uid-globex')])
  db = open()
})

afterAll(async () => {
  await db.close()
  await operator.close()
  await postgres.stop()
})

const tenantOf = (id: TenantId, uid: string) => ({
  ...{ uid, schema: schemaOf(id), role: roleOf(id), retainedSchema: retainedSchemaOf(id) },
})

async function prepare(id: TenantId, uid: string): Promise<void> {
  const settings = { canLogin: true, connectionLimit: 5, password: new Secret(passwords.get(id) ?? '') }
  await createTenantDatabase(operator, postgres.database).prepare(tenantOf(id, uid), settings, signal)
}

function open(options: Partial<TenantDbOptions> = {}): TenantDb {
  const { host, port, database } = postgres
  const loginOf = (id: TenantId) =>
    Promise.resolve({ host, port, database, password: new Secret(passwords.get(id) ?? '') })
  return createTenantDb({ loginOf, applicationName: 'tenant-db-test', maxConnections: 2, ...options })
}

const write = (tx: TenantTx, action: string) => tx.insertInto('audit').values({ actor: 'test', action }).execute()
const actions = async (tx: TenantTx) =>
  (await tx.selectFrom('audit').select('action').execute()).map((row) => row.action)
const raw = (text: string) => (tx: TenantTx) => sql.raw<Record<string, unknown>>(text).execute(tx)

test('a transaction finds its own tables, keeps what it wrote, and undoes what failed', async () => {
  await db.transaction(acme, signal, (tx) => write(tx, 'kept'))
  const failing = db.transaction(acme, signal, async (tx) => {
    await write(tx, 'undone')
    throw new Error('changed my mind')
  })
  await expect(failing).rejects.toThrow('changed my mind')
  expect(await db.transaction(acme, signal, actions)).toEqual(['kept'])
  expect(await db.transaction(globex, signal, actions)).toEqual([])
})

test('it runs as the tenant, under limits, in the schema and nowhere else', async () => {
  const settings = `SELECT current_user, session_user, current_setting('search_path') AS path,
    current_setting('statement_timeout') AS statement, current_setting('lock_timeout') AS lock`
  const { rows } = await db.transaction(acme, signal, raw(settings))
  const role = roleOf(acme)
  const limits = { statement: '15s', lock: '5s' }
  expect(rows).toEqual([{ current_user: role, session_user: role, path: `"${schemaOf(acme)}", pg_temp`, ...limits }])
})

describe("S-163 what a tenant's own statement cannot do", () => {
  const schema = schemaOf(globex)
  test.each([
    ["read another tenant's table", `SELECT * FROM "${schema}".audit`, 'permission denied for schema'],
    ["write to another tenant's table", `DELETE FROM "${schema}".audit`, 'permission denied for schema'],
    ['read the registry', 'SELECT * FROM public.tenants', 'permission denied for schema public'],
    ['become another tenant', `SET ROLE "${roleOf(globex)}"`, 'permission denied to set role'],
    [
      'log in anew as another tenant',
      `SET SESSION AUTHORIZATION "${roleOf(globex)}"`,
      'permission denied to set session',
    ],
    ['make a table', 'CREATE TABLE mine (id text)', 'permission denied for schema'],
    [
      'make a temporary table',
      'CREATE TEMPORARY TABLE audit (id text)',
      'permission denied to create temporary tables',
    ],
    ['make a schema', 'CREATE SCHEMA mine', 'permission denied for database'],
    ['change a table', 'ALTER TABLE audit ADD COLUMN mine text', 'must be owner of table audit'],
    ['empty a table in one stroke', 'TRUNCATE audit', 'permission denied for table audit'],
    ['make a function', "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS 'SELECT 1'", 'permission denied for schema'],
    ['read a file', "SELECT pg_read_file('/etc/passwd')", 'permission denied for function'],
    ['run a program', "COPY audit FROM PROGRAM 'id'", 'permission denied to COPY'],
    ['read the verifiers of passwords', 'SELECT rolpassword FROM pg_authid', 'permission denied for table pg_authid'],
    ['bring a second statement along', 'SELECT 1; SELECT 2', 'cannot insert multiple commands'],
  ])('%s', async (_title, statement, refusal) => {
    await db.transaction(globex, signal, (tx) => write(tx, 'of globex'))
    expect(await db.transaction(globex, signal, actions)).toContain('of globex')
    await expect(db.transaction(acme, signal, raw(statement))).rejects.toThrow(refusal)
    expect(await db.transaction(globex, signal, actions)).toContain('of globex')
  })

  test('become the operator', async () => {
    expect(await db.transaction(acme, signal, actions)).toBeDefined()
    const become = db.transaction(acme, signal, raw(`SET ROLE "${postgres.user}"`))
    await expect(become).rejects.toThrow('permission denied to set role')
  })

  test.each(['RESET ROLE', 'SET ROLE NONE', 'RESET SESSION AUTHORIZATION', 'RESET ALL'])(
    '%s leads back to nobody but itself',
    async (statement) => {
      const { rows } = await db.transaction(acme, signal, async (tx) => {
        await raw(statement)(tx)
        return raw('SELECT current_user, session_user')(tx)
      })
      expect(rows).toEqual([{ current_user: roleOf(acme), session_user: roleOf(acme) }])
    },
  )

  test('another search path finds nothing', async () => {
    const looking = db.transaction(acme, signal, async (tx) => {
      await raw(`SET search_path = "${schema}", public`)(tx)
      return actions(tx)
    })
    await expect(looking).rejects.toThrow('relation "audit" does not exist')
  })
})

test('S-167 the lists that every role can read show nobody else: opaque names, and no statement of others', async () => {
  const busy = db.transaction(globex, signal, async (tx) => {
    await raw("SELECT 'a statement of globex'")(tx)
    return db.transaction(acme, signal, async (mine) => ({
      statements: (await raw('SELECT query FROM pg_stat_activity')(mine)).rows,
      comments: (await raw('SELECT description FROM pg_description')(mine)).rows,
    }))
  })
  const { statements, comments } = await busy
  expect(JSON.stringify(statements)).not.toContain('of globex')
  expect(statements).toContainEqual({ query: '<insufficient privilege>' })
  expect(JSON.stringify(comments)).not.toMatch(/acme.*Corp|globex.*Inc/)
})

describe('S-164 what one transaction leaves behind', () => {
  const one = () => open({ maxConnections: 1, maxPerTenant: 1 })
  const pid = async (tx: TenantTx) => (await raw('SELECT pg_backend_pid() AS pid')(tx)).rows[0]?.['pid']

  test.each([
    ['a setting of the session', "SET work_mem = '64MB'", 'SHOW work_mem', { work_mem: '4MB' }],
    [
      'a search path',
      'SET search_path = public',
      "SELECT current_setting('search_path') LIKE '\"tenant_%' AS ok",
      { ok: true },
    ],
    ['a timeout', 'SET statement_timeout = 0', 'SHOW statement_timeout', { statement_timeout: '15s' }],
    [
      'a variable of its own',
      "SET my.mark = 'acme'",
      "SELECT coalesce(current_setting('my.mark', true), '') AS mark",
      { mark: '' },
    ],
    [
      'a prepared statement',
      'PREPARE mine AS SELECT 1',
      'SELECT count(*)::int AS n FROM pg_prepared_statements',
      { n: 0 },
    ],
    [
      'a lock',
      'SELECT pg_advisory_lock(7)',
      "SELECT count(*)::int AS n FROM pg_locks WHERE locktype = 'advisory'",
      { n: 0 },
    ],
    [
      'a cursor',
      'DECLARE mine CURSOR WITH HOLD FOR SELECT 1',
      "SELECT count(*)::int AS n FROM pg_cursors WHERE name = 'mine'",
      { n: 0 },
    ],
    ['a channel that it listens to', 'LISTEN mine', 'SELECT count(*)::int AS n FROM pg_listening_channels()', { n: 0 }],
  ])('%s is gone for the next', async (_title, leave, look, expected) => {
    const single = one()
    const first = await single.transaction(acme, signal, async (tx) => {
      await raw(leave)(tx)
      return pid(tx)
    })
    const second = await single.transaction(acme, signal, async (tx) => ({
      pid: await pid(tx),
      rows: (await raw(look)(tx)).rows,
    }))
    // The same connection, or the test would prove nothing.
    expect(second).toEqual({ pid: first, rows: [expected] })
    await single.close()
  })

  test('a transaction that it left open is not gone on with', async () => {
    const single = one()
    const first = await single.transaction(acme, signal, async (tx) => {
      await raw('COMMIT')(tx)
      await raw('BEGIN')(tx)
      await write(tx, 'left open')
      await raw('COMMIT')(tx)
      await raw('BEGIN')(tx)
      return pid(tx)
    })
    const rows = await single.transaction(globex, signal, async (tx) => ({
      pid: await pid(tx),
      actions: await actions(tx),
    }))
    expect(rows.pid).not.toBe(first)
    expect(rows.actions).not.toContain('left open')
    await single.close()
  })

  test('two tenants never share a connection, however they take turns', async () => {
    const owners = new Map<unknown, Set<string>>()
    const leave = [
      'SET search_path = public',
      'PREPARE p AS SELECT 1',
      'SELECT pg_advisory_lock_shared(1)',
      "SET my.mark = 'x'",
    ]
    const turns = Array.from({ length: 300 }, (_, turn) => async () => {
      const tenant = turn % 3 === 0 ? acme : globex
      await db
        .transaction(tenant, signal, async (tx) => {
          const { rows } = await raw(
            "SELECT pg_backend_pid() AS pid, coalesce(current_setting('my.mark', true), '') AS mark",
          )(tx)
          expect(rows[0]?.['mark']).toBe('')
          owners.set(rows[0]?.['pid'], new Set([...(owners.get(rows[0]?.['pid']) ?? []), tenant]))
          await raw(leave[turn % leave.length] ?? '')(tx)
          if (turn % 29 === 0) await raw('SELECT pg_terminate_backend(pg_backend_pid())')(tx)
        })
        .catch((error: unknown) => expect(String(error)).toMatch(/terminat/))
    })
    await Promise.all(
      Array.from({ length: 8 }, async (_, lane) => {
        for (const [turn, take] of turns.entries()) if (turn % 8 === lane) await take()
      }),
    )
    expect(owners.size).toBeGreaterThan(10)
    expect([...owners.values()].filter((tenants) => tenants.size > 1)).toEqual([])
  })
})

test('S-164 a name with a schema is refused here, and what is written as text by the server', async () => {
  const honest = db.transaction(acme, signal, (tx) => sql`SELECT * FROM ${sql.table('public.tenants')}`.execute(tx))
  await expect(honest).rejects.toThrow(`Cannot send a statement that names "public.tenants"`)
  await expect(db.transaction(acme, signal, raw('SELECT * FROM public.tenants'))).rejects.toThrow('permission denied')
})

test('a statement that failed fails the transaction, also where its error was caught', async () => {
  const careless = db.transaction(acme, signal, async (tx) => {
    await write(tx, 'lost')
    await raw('SELECT * FROM nowhere')(tx).catch(() => undefined)
  })
  await expect(careless).rejects.toThrow('Cannot commit')
  expect(await db.transaction(acme, signal, actions)).not.toContain('lost')
})

test('who is told to stop waits for no statement, and the server ends it by itself', async () => {
  const stopper = new AbortController()
  const slow = db.transaction(acme, stopper.signal, raw("SELECT 'slow one', pg_sleep(14)"))
  const running = () =>
    postgres.query(
      "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%slow one%' AND pid <> pg_backend_pid() AND state = 'active'",
    )
  await expect.poll(running, { timeout: 10_000 }).toHaveLength(1)
  stopper.abort(new Error('told to stop'))
  await expect(slow).rejects.toThrow('told to stop')
  await expect.poll(running, { timeout: 10_000 }).toEqual([])
})

test('S-170 a password that was changed is taken up by the next connection, and is in no message', async () => {
  const fresh = open()
  await fresh.transaction(acme, signal, actions)
  passwords.set(acme, 'another-password')
  await prepare(acme, 'uid-acme')
  await Promise.all([1, 2].map(() => fresh.transaction(acme, signal, actions)))
  passwords.set(acme, 'a-wrong-password')
  const third = open().transaction(acme, signal, actions)
  const message = await third.then(String, String)
  expect(message).toContain(`Cannot connect as role "${roleOf(acme)}": password authentication failed`)
  expect(message).not.toContain('a-wrong-password')
  passwords.set(acme, 'another-password')
  await fresh.close()
})

test('a role that is shut ends what is open and lets nobody in', async () => {
  await db.transaction(globex, signal, actions)
  const databases = createTenantDatabase(operator, postgres.database)
  await databases.setLogin(tenantOf(globex, 'uid-globex'), false, signal)
  await expect(db.transaction(globex, signal, actions)).rejects.toThrow('not permitted to log in')
  await expect(db.transaction(globex, signal, actions)).rejects.toThrow('not permitted to log in')
  await databases.setLogin(tenantOf(globex, 'uid-globex'), true, signal)
  expect(await db.transaction(globex, signal, actions)).toContain('of globex')
})
