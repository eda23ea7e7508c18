import { mkdtemp, readFile, readdir, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startTestPostgres } from '@bulkhead/database/testing'
import type { TestPostgres } from '@bulkhead/database/testing'
import pg from 'pg'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { openPlatform, startPlatform, wipePlatform } from './platform.ts'
import type { Platform } from './platform.ts'

// A platform on a server that stands already, with a role that may make roles and databases and no more.
const password = 'the/dba@s:own'
const log = (line: string): void => void lines.push(line)
const lines: string[] = []
let server: TestPostgres
let dir = ''
let platform: Platform

beforeAll(async () => {
  server = await startTestPostgres()
  await server.query(`CREATE ROLE dba LOGIN CREATEDB CREATEROLE PASSWORD '${password}'`)
  await server.query('GRANT CONNECT ON DATABASE postgres TO dba')
  vi.stubEnv('DATABASE_URL', `postgres://dba:${encodeURIComponent(password)}@127.0.0.1:${server.port}/postgres`)
  dir = await mkdtemp(join(tmpdir(), 'bulkhead-platform-'))
  platform = await startPlatform({ dir, parts: ['postgres'], log })
  vi.unstubAllEnvs()
})

afterAll(async () => {
  vi.unstubAllEnvs()
  const left = await openPlatform({ dir, log })
  await left?.down()
  await server.query('REVOKE CONNECT ON DATABASE postgres FROM dba; DROP ROLE dba')
  await server.stop()
})

async function names(): Promise<readonly unknown[]> {
  const rows = await server.query(
    `SELECT datname AS name FROM pg_database UNION SELECT rolname FROM pg_roles ORDER BY 1`,
  )
  return rows.map(({ name }) => name)
}

async function asOperator<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
  const { host, port, database, operator } = platform.endpoints.postgres
  const client = new pg.Client({
    host,
    port,
    database,
    user: operator.user,
    password: await readFile(operator.passwordFile, 'utf8'),
  })
  await client.connect()
  return work(client).finally(() => client.end())
}

test('its databases are on the server, owned by roles of the instance alone, and none of its own is started', async () => {
  const { database, operator } = platform.endpoints.postgres
  expect(
    await asOperator(
      async (client) => (await client.query<{ name: string }>('SELECT current_database() AS name')).rows,
    ),
  ).toEqual([{ name: database }])
  expect(await names()).toEqual(expect.arrayContaining([database, operator.user, `${database}_keycloak`]))
  await expect(stat(join(dir, 'data', 'postgres'))).rejects.toThrow('ENOENT')
  const [rights] = await server.query(
    `SELECT rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = '${operator.user}'`,
  )
  expect(rights).toEqual({ rolsuper: false, rolcreatedb: false, rolcreaterole: true })
})

test('the password of the address is in no argument, no log and no line that is printed', async () => {
  const pid = platform.pid('postgres') ?? 0
  const seen = [await readFile(`/proc/${pid}/cmdline`, 'utf8'), lines.join('\n')]
  for (const name of await readdir(join(dir, 'logs'))) seen.push(await readFile(join(dir, 'logs', name), 'utf8'))
  expect(seen[0]).toContain(String(server.port))
  for (const text of seen) for (const form of [password, encodeURIComponent(password)]) expect(text).not.toContain(form)
})

test('whoever opens it later needs not name the server again; another server, or an own Postgres, is refused', async () => {
  await platform.stop('postgres')
  const again = await openPlatform({ dir, log })
  await again?.start('postgres')
  platform = again ?? platform
  expect((await platform.parts()).map(({ name, state }) => [name, state])).toEqual([['postgres', 'ready']])
  vi.stubEnv('DATABASE_URL', 'postgres://dba:secret@127.0.0.1:1/postgres')
  const refusal: unknown = await startPlatform({ dir, parts: ['postgres'], log }).catch((error: unknown) => error)
  vi.unstubAllEnvs()
  expect(String(refusal)).toContain(`has its data on 127.0.0.1:${server.port}; take it down with WIPE=1 first`)
  expect(String(refusal)).not.toContain('secret')
})

test('wiped, it leaves nothing on the server', async () => {
  const { database } = platform.endpoints.postgres
  await asOperator((client) =>
    client.query(
      'CREATE ROLE tenant_x; GRANT tenant_x TO CURRENT_USER; CREATE SCHEMA s; GRANT USAGE ON SCHEMA s TO tenant_x',
    ),
  )
  await platform.down()
  await wipePlatform(dir)
  expect((await names()).filter((name) => String(name).startsWith(database) || name === 'tenant_x')).toEqual([])
})
