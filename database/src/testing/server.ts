import { randomBytes } from 'node:crypto'
import { parseDatabaseUrl } from '@bulkhead/runtime/testing'
import type { TestPostgres } from './postgres.ts'
import { queryOnce } from './query.ts'

/** Makes the operator's role and database on a server that stands already, under names that nobody else has. */
export async function useServer(url: string): Promise<TestPostgres> {
  const admin = parseDatabaseUrl(url)
  const query: TestPostgres['query'] = (text, database = admin.database) => queryOnce({ ...admin, database }, text)
  const [row] = await query('SELECT rolsuper FROM pg_roles WHERE rolname = current_user')
  if (row?.['rolsuper'] !== true) {
    throw new Error(
      `Cannot test on the server of DATABASE_URL: role "${admin.user}" is no superuser, and tests attack as one`,
    )
  }
  const prefix = `bulkhead_${randomBytes(4).toString('hex')}`
  const [user, password, database] = [`${prefix}_operator`, randomBytes(16).toString('hex'), prefix]
  await query(`CREATE ROLE ${user} LOGIN CREATEROLE PASSWORD '${password}'`)
  await query(`CREATE DATABASE ${database} OWNER ${user}`)
  return {
    ...{ host: admin.host, port: admin.port, database, user, password, superuser: admin, query },
    createDatabase: async (word) => {
      await query(`CREATE DATABASE ${prefix}_${word} OWNER ${user}`)
      return `${prefix}_${word}`
    },
    stop: () => removeAll(query, prefix, user),
  }
}

// Databases first: then no role owns anything any more, and none has rights on anything.
async function removeAll(query: TestPostgres['query'], prefix: string, user: string): Promise<void> {
  const databases = await query(`SELECT datname AS name FROM pg_database WHERE starts_with(datname, '${prefix}')`)
  for (const { name } of databases) await query(`DROP DATABASE ${String(name)} WITH (FORCE)`)
  // The operator is a member of every role that it made for a tenant.
  const roles = await query(`
    SELECT rolname AS name FROM pg_roles WHERE starts_with(rolname, '${prefix}') AND rolname <> '${user}'
    UNION SELECT made.rolname FROM pg_auth_members JOIN pg_roles made ON made.oid = roleid
      JOIN pg_roles maker ON maker.oid = member WHERE maker.rolname = '${user}' AND starts_with(made.rolname, 'tenant_')`)
  for (const { name } of roles) await query(`DROP ROLE "${String(name)}"`)
  await query(`DROP ROLE ${user}`)
}
