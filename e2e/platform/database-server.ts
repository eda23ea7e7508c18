import { createHash } from 'node:crypto'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { parseDatabaseUrl } from '@bulkhead/runtime/testing'
import type { DatabaseServer } from '@bulkhead/runtime/testing'

// An instance has a Postgres of its own, or works on a server that stands already: the one that `DATABASE_URL` named when
// the instance was started for the first time. The address lies with the instance's passwords, so that whoever stops it,
// or looks at it, needs not name it again.

/** A role and the database that it owns. */
export interface Owned {
  readonly role: string
  readonly database: string
}

/** Where an instance's databases are. */
export interface SiteDatabase {
  /** Undefined: a Postgres of the instance's own. */
  readonly server: DatabaseServer | undefined
  readonly operator: Owned
  readonly keycloak: Owned
}

const own: SiteDatabase = {
  server: undefined,
  operator: { role: 'bulkhead_operator', database: 'bulkhead' },
  keycloak: { role: 'keycloak', database: 'keycloak' },
}

/** Where the password of the server's role is, for those who take it from a file. */
export function serverPasswordFile(secretsFolder: string): string {
  return join(secretsFolder, 'database-server-password')
}

function addressFile(secretsFolder: string): string {
  return join(secretsFolder, 'database-url')
}

/** Remembers the server for an instance that is about to start; refuses one that has its data elsewhere already. */
export async function rememberServer(
  instance: { readonly dir: string; readonly secrets: string; readonly ownData: string },
  url: string | undefined,
): Promise<void> {
  if (url === undefined || url === '') return
  const { host, port, password } = parseDatabaseUrl(url)
  const before = await readServer(instance.secrets)
  const refuse = (where: string): Error =>
    new Error(`Cannot use DATABASE_URL: ${instance.dir} has its data ${where}; take it down with WIPE=1 first`)
  if (before === undefined && (await exists(instance.ownData))) throw refuse('in a Postgres of its own')
  if (before !== undefined && (before.host !== host || before.port !== port)) {
    throw refuse(`on ${before.host}:${before.port}`)
  }
  await writeFile(addressFile(instance.secrets), url, { mode: 0o600 })
  await writeFile(serverPasswordFile(instance.secrets), password, { mode: 0o600 })
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

async function readServer(secretsFolder: string): Promise<DatabaseServer | undefined> {
  const url = await readFile(addressFile(secretsFolder), 'utf8').catch(() => '')
  return url === '' ? undefined : parseDatabaseUrl(url)
}

/** What was remembered. On a server that others use too, each instance has names of its own. */
export async function siteDatabase(dir: string, secretsFolder: string): Promise<SiteDatabase> {
  const server = await readServer(secretsFolder)
  if (server === undefined) return own
  const prefix = `bulkhead_${createHash('sha256').update(dir).digest('hex').slice(0, 8)}`
  return {
    server,
    operator: { role: `${prefix}_operator`, database: prefix },
    keycloak: { role: `${prefix}_keycloak`, database: `${prefix}_keycloak` },
  }
}

/** Removes what an instance made on a server that is not its own. */
export async function leaveServer({ server, operator, keycloak }: SiteDatabase): Promise<void> {
  if (server === undefined) return
  const client = new pg.Client({ ...server, connectionTimeoutMillis: 5_000 })
  await client.connect()
  try {
    for (const { database } of [operator, keycloak])
      await client.query(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`)
    await dropTenantRoles(client, operator.role)
    for (const { role } of [operator, keycloak]) await client.query(`DROP ROLE IF EXISTS ${role}`)
  } finally {
    await client.end()
  }
}

// The operator may remove the roles that it made, and it is a member of each of them.
async function dropTenantRoles(client: pg.Client, operator: string): Promise<void> {
  const made = await client.query<{ name: string }>(
    `SELECT DISTINCT made.rolname AS name FROM pg_auth_members JOIN pg_roles made ON made.oid = roleid
       JOIN pg_roles maker ON maker.oid = member WHERE maker.rolname = $1 AND starts_with(made.rolname, 'tenant_')`,
    [operator],
  )
  if (made.rows.length === 0) return
  await client.query(`SET ROLE ${operator}`)
  for (const { name } of made.rows) await client.query(`DROP ROLE ${pg.escapeIdentifier(name)}`)
  await client.query('RESET ROLE')
}
