import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConfigProblem, createMetrics, systemClock } from '@bulkhead/runtime'
import { createTestAuthority } from '@bulkhead/runtime/testing-certificates'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openDatabase } from './database.ts'
import { postgresOptions, readPostgresOptions } from './options.ts'
import { startEmbedded } from './testing/embedded.ts'
import type { TestPostgres } from './testing/postgres.ts'

// H-09: whether the operator speaks to the right server, encrypted, is tried on real ones.
const signal = AbortSignal.timeout(600_000)
let folder: string
let encrypted: TestPostgres
let plain: TestPostgres

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulkhead-connection-'))
  const [ours, strangers] = await Promise.all([createTestAuthority('ours'), createTestAuthority('strangers')])
  await writeFile(join(folder, 'ours.pem'), ours.caCert)
  await writeFile(join(folder, 'strangers.pem'), strangers.caCert)
  const names = [{ type: 'dns', value: 'localhost' }] as const
  const tls = await ours.issue({ commonName: 'postgres', names })
  ;[encrypted, plain] = await Promise.all([startEmbedded({ tls }), startEmbedded({})])
}, 120_000)

afterAll(async () => {
  await Promise.all([encrypted.stop(), plain.stop()])
  await rm(folder, { recursive: true, force: true })
})

interface Way {
  readonly server: TestPostgres
  readonly host: string
  readonly ca?: string
  readonly passwordFile?: string
}

async function openWay({ server, host, ca, passwordFile }: Way) {
  const file = passwordFile ?? join(folder, 'password')
  if (passwordFile === undefined) await writeFile(file, `${server.password}\n`)
  const { port, database, user } = server
  const tls = ca === undefined ? {} : { tls: { caFile: join(folder, ca) } }
  const options = postgresOptions.parse({ host, port, database, user, passwordFile: file, ...tls })
  const latency = createMetrics().histogram({ name: 'l', help: 'l', labels: ['call'], buckets: [1] })
  return openDatabase(await readPostgresOptions(options, { clock: systemClock, latency }))
}

/** Whether the connection is encrypted, as the server sees it. */
async function connect(way: Way): Promise<unknown> {
  const database = await openWay(way)
  try {
    return await database.read('look', signal, async (tx) => {
      const found = await sql<{ ssl: boolean }>`SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()`.execute(tx)
      return found.rows[0]?.ssl
    })
  } finally {
    await database.close()
  }
}

test('a server whose certificate is of our authority and names the host is spoken to, encrypted', async () => {
  expect(await connect({ server: encrypted, host: 'localhost', ca: 'ours.pem' })).toBe(true)
})

test('without tls nothing is encrypted', async () => {
  expect(await connect({ server: plain, host: '127.0.0.1' })).toBe(false)
})

test.each([
  [
    'a certificate of an authority that is not ours',
    'localhost',
    'strangers.pem',
    /self.signed|unable to (verify|get)/,
  ],
  ['a certificate that names another host', '127.0.0.1', 'ours.pem', /Hostname\/IP does not match|IP: 127\.0\.0\.1/],
])('H-09 %s is refused', async (_title, host, ca, words) => {
  await expect(connect({ server: encrypted, host, ca })).rejects.toThrow(words)
})

test('H-09 a server without encryption is refused, and gets no password', async () => {
  await expect(connect({ server: plain, host: 'localhost', ca: 'ours.pem' })).rejects.toThrow(
    'The server does not support SSL connections',
  )
})

test('a password that was changed, here and there, is taken up by the next connection without a restart', async () => {
  const passwordFile = join(folder, 'rotating')
  await writeFile(passwordFile, plain.password)
  const database = await openWay({ server: plain, host: plain.host, passwordFile })
  const look = () => database.read('look', signal, () => Promise.resolve())
  await look()
  await plain.query(`ALTER ROLE ${plain.user} PASSWORD 'another'`)
  // What is open stays open; it is cut, so that a new one is needed.
  const cut = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${plain.user}'`
  await plain.query(cut)
  await expect.poll(() => look().then(() => 'good', String)).toContain('password authentication failed')
  await writeFile(passwordFile, 'another\n')
  await look()
  await rm(passwordFile)
  await plain.query(cut)
  await expect
    .poll(() =>
      look().then(
        () => 'good',
        (error: unknown) => error,
      ),
    )
    .toBeInstanceOf(ConfigProblem)
  await database.close()
})
