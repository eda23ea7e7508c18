import { chmod, cp, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import pg from 'pg'
import { keycloakClientId } from './keycloak.ts'
import type { DatabaseServer } from '@bulkhead/runtime/testing'
import type { Owned } from '../database-server.ts'
import type { Command, Part } from '../part.ts'
import { run } from '../run.ts'
import type { Site } from '../site.ts'
import { pathsOf } from '../site.ts'
import { versions } from '../tools.ts'
import type { Unprivileged } from '../unprivileged.ts'
import { giveFolder, unprivilegedCommand } from '../unprivileged.ts'

// Only passwords open anything, over loopback only; there is no Unix socket.
const hostRules = 'host all all 127.0.0.1/32 scram-sha-256\n'

// Data survives the end of any process; only a crash of the whole machine may lose it, and then it is made again.
const settings = [
  'listen_addresses=127.0.0.1',
  'unix_socket_directories=',
  'max_connections=200',
  'fsync=off',
  'synchronous_commit=off',
  'full_page_writes=off',
  'password_encryption=scram-sha-256',
  // What tenants' statements cost: the operator exports it.
  'shared_preload_libraries=pg_stat_statements',
]

/** Postgres 18 with the databases of the operator and of Keycloak; or the way to a server that has them. */
export function postgresPart(site: Site, how: Unprivileged, template: () => Promise<string | undefined>): Part {
  const data = postgresData(site.dir)
  const { server } = site.database
  return {
    name: 'postgres',
    version: server === undefined ? versions.postgres : 'elsewhere',
    port: site.ports.postgres,
    needs: [],
    readyTimeoutMs: 30_000,
    stop: { signal: 'SIGINT', graceMs: 10_000 },
    prepare: () => (server === undefined ? preparePostgres(site, how, template) : Promise.resolve()),
    command: () => (server === undefined ? unprivilegedCommand(postgresCommand(site, data), how) : wayTo(site, server)),
    probe: async () => {
      await withDatabase(site, adminDatabase(site), (client) => client.query('SELECT 1'))
    },
    settle: () => settlePostgres(site),
  }
}

function wayTo({ root, tools, ports }: Site, { host, port }: DatabaseServer): Command {
  const args = [join(root, 'e2e', 'forward', 'main.ts'), String(ports.postgres), host, String(port)]
  return { file: tools.node, args, cwd: root }
}

function adminDatabase({ database: { server } }: Site): string {
  return server?.database ?? 'postgres'
}

/** The folder of an instance's own Postgres. */
export function postgresData(dir: string): string {
  return join(pathsOf(dir).data, 'postgres')
}

function postgresCommand(site: Site, data: string): Command {
  const options = [...settings, `port=${site.ports.postgres}`].flatMap((setting) => ['-c', setting])
  return { file: site.tools.postgres, args: ['-D', data, ...options] }
}

// The folder gets its name when nothing is missing in it: neither a password nor the rules that ask for one.
async function preparePostgres(
  site: Site,
  how: Unprivileged,
  template: () => Promise<string | undefined>,
): Promise<void> {
  const data = postgresData(site.dir)
  if (await exists(data)) {
    await clearLock(site, join(data, 'postmaster.pid'))
    return
  }
  const folder = await template()
  if (how.kind === 'user') {
    // The other user passes through these folders; what is private lies in folders and files of its own.
    await Promise.all([site.dir, dirname(data)].map((above) => chmod(above, 0o711)))
  }
  const partial = `${data}.partial`
  await rm(partial, { recursive: true, force: true })
  await mkdir(partial, { mode: 0o700 })
  await giveFolder(partial, how)
  if (folder === undefined) {
    const args = ['-D', partial, '-U', 'postgres', '--auth=trust', '--no-sync', '--locale=C.UTF-8', '--encoding=UTF8']
    await run(unprivilegedCommand({ file: site.tools.initdb, args }, how), '', site.path)
  } else {
    await cp(folder, partial, { recursive: true, preserveTimestamps: true })
    await giveFolder(partial, how)
  }
  await setSuperuserPassword(site, partial, how)
  await writeFile(join(partial, 'pg_hba.conf'), hostRules)
  await rename(partial, data)
}

// A killed server leaves its lock, and its backends live a moment longer. The next start refuses while the number in
// the lock belongs to anything, a zombie or a stranger; we know that the server has ended, and wait for its backends.
async function clearLock(site: Site, file: string): Promise<void> {
  const lines = (await readFile(file, 'utf8').catch(() => '')).split('\n')
  const segment = lines[6]?.trim().split(/\s+/)[1]
  const deadline = site.clock.now() + 5_000
  while (segment !== undefined && (await attachedProcesses(segment)) > 0) {
    if (site.clock.now() > deadline) throw new Error('backends of the server that was killed still work on its data')
    await site.clock.wait(50)
  }
  await rm(file, { force: true })
}

async function attachedProcesses(segment: string): Promise<number> {
  const table = (await readFile('/proc/sysvipc/shm', 'utf8').catch(() => '')).split('\n')
  const row = table.map((line) => line.trim().split(/\s+/)).find((cells) => cells[1] === segment)
  return Number(row?.[6] ?? 0)
}

// Single-user mode opens no port, so the server never runs without a password.
async function setSuperuserPassword(site: Site, data: string, how: Unprivileged): Promise<void> {
  const command = unprivilegedCommand({ file: site.tools.postgres, args: ['--single', '-D', data, 'postgres'] }, how)
  const password = pg.escapeLiteral(site.secrets.read('postgres-superuser'))
  await run(command, `ALTER ROLE postgres PASSWORD ${password};\n`, site.path)
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  )
}

/** Works in one database as the superuser, or as the role that `DATABASE_URL` names, over a connection of its own. */
export async function withDatabase<T>(
  site: Site,
  database: string,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port: site.ports.postgres,
    user: site.database.server?.user ?? 'postgres',
    password: site.database.server?.password ?? site.secrets.read('postgres-superuser'),
    database,
    connectionTimeoutMillis: 2_000,
  })
  // A connection that breaks while nobody waits on it must not end this process.
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

async function settlePostgres(site: Site): Promise<void> {
  const { server, operator, keycloak } = site.database
  // Only a superuser may so much as name that right.
  const plain = server === undefined ? ' NOSUPERUSER' : ''
  await withDatabase(site, adminDatabase(site), async (client) => {
    const owners = [
      [operator, 'LOGIN CREATEROLE NOCREATEDB', 'postgres-operator'],
      [keycloak, 'LOGIN NOCREATEROLE NOCREATEDB', 'postgres-keycloak'],
    ] as const
    for (const [owned, rights, secret] of owners) {
      await settleRole(client, owned, `${rights}${plain} PASSWORD ${pg.escapeLiteral(site.secrets.read(secret))}`)
      // Who is no superuser gives a database to a role that it is a member of.
      if (server !== undefined) await client.query(`GRANT ${owned.role} TO CURRENT_USER`)
      await settleDatabase(client, owned)
    }
    // By default every role may connect to every database; a tenant's role has business in one only.
    const shut = [keycloak.database, ...(server === undefined ? ['postgres', 'template1'] : [])]
    await client.query(`REVOKE CONNECT ON DATABASE ${shut.join(', ')} FROM PUBLIC`)
  })
  await withDatabase(site, keycloak.database, (client) => giveClientSecret(site, client))
  // A server from elsewhere may not load the library; then the operator says that nothing is counted.
  if (server === undefined) {
    await withDatabase(site, operator.database, (client) =>
      client.query('CREATE EXTENSION IF NOT EXISTS pg_stat_statements'),
    )
  }
}

async function settleRole(client: pg.Client, { role }: Owned, rights: string): Promise<void> {
  const roles = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [role])
  await client.query(`${roles.rowCount === 0 ? 'CREATE' : 'ALTER'} ROLE ${role} ${rights}`)
}

async function settleDatabase(client: pg.Client, { role, database }: Owned): Promise<void> {
  const databases = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [database])
  if (databases.rowCount === 0) await client.query(`CREATE DATABASE ${database} OWNER ${role} STRATEGY FILE_COPY`)
}

// A copied template holds the operator's client without a secret; an empty database holds no client yet.
async function giveClientSecret(site: Site, client: pg.Client): Promise<void> {
  const found = await client.query<{ made: string | null }>("SELECT to_regclass('public.client')::text AS made")
  if ((found.rows[0]?.made ?? null) === null) return
  const secret = site.secrets.read('keycloak-client')
  // Of the master realm's alone: the operator has a client of that name, with a secret of its own, in every realm.
  const master = "realm_id = (SELECT id FROM realm WHERE name = 'master')"
  await client.query(`UPDATE client SET secret = $1 WHERE client_id = $2 AND ${master}`, [secret, keycloakClientId])
}
