import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { startEmbedded } from './embedded.ts'
import { startTestPostgres } from './postgres.ts'
import type { TestPostgres } from './postgres.ts'

let server: TestPostgres

beforeAll(async () => {
  server = await startEmbedded({})
  await server.query(`CREATE ROLE "dba: we/love@it" SUPERUSER LOGIN PASSWORD 'p@ss/w:rd?'`)
})

afterAll(async () => {
  vi.unstubAllEnvs()
  await server.stop()
})

const urlOf = (user: string, password: string): string =>
  `postgres://${encodeURIComponent(user)}:${encodeURIComponent(password)}@127.0.0.1:${server.port}/postgres`

async function namesOn(table: string, column: string): Promise<readonly unknown[]> {
  return (await server.query(`SELECT ${column} AS name FROM ${table} ORDER BY 1`)).map(({ name }) => name)
}

test('a server that DATABASE_URL names serves in place of one of our own, and is left as it was', async () => {
  const before = [await namesOn('pg_database', 'datname'), await namesOn('pg_roles', 'rolname')]
  vi.stubEnv('DATABASE_URL', urlOf('dba: we/love@it', 'p@ss/w:rd?'))
  const [one, two] = await Promise.all([startTestPostgres(), startTestPostgres()])
  expect(one.port).toBe(server.port)
  expect(one.database).not.toBe(two.database)
  // As the operator works: it makes roles for tenants, who own nothing.
  const more = await one.createDatabase('second')
  await one.query(`CREATE ROLE tenant_x; GRANT tenant_x TO ${one.user}; GRANT CONNECT ON DATABASE ${more} TO tenant_x`)
  await one.query('CREATE SCHEMA tenant_x; GRANT USAGE ON SCHEMA tenant_x TO tenant_x', more)
  const [owner] = await one.query(`SELECT datdba::regrole::text AS name FROM pg_database WHERE datname = '${more}'`)
  expect(owner).toEqual({ name: one.user })
  await Promise.all([one.stop(), two.stop()])
  expect([await namesOn('pg_database', 'datname'), await namesOn('pg_roles', 'rolname')]).toEqual(before)
})

test('a role that is no superuser is refused before anything is made, and its password is not repeated', async () => {
  await server.query(
    `CREATE ROLE weak LOGIN CREATEDB CREATEROLE PASSWORD 'guess-me'; GRANT CONNECT ON DATABASE postgres TO weak`,
  )
  vi.stubEnv('DATABASE_URL', urlOf('weak', 'guess-me'))
  const refusal: unknown = await startTestPostgres().catch((error: unknown) => error)
  expect(String(refusal)).toContain('role "weak" is no superuser')
  expect(String(refusal)).not.toContain('guess-me')
})
