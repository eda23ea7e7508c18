import { createTenantDatabase, openDatabase, prepareRegistry } from '@bulkhead/database'
import type { Database } from '@bulkhead/database'
import { startTestPostgres } from '@bulkhead/database/testing'
import type { TestPostgres } from '@bulkhead/database/testing'
import { KubeFault, Secret, createMetrics, silentLogger, systemClock } from '@bulkhead/runtime'
import type { KubeBody, KubeObject } from '@bulkhead/runtime'
import { TestClock } from '@bulkhead/runtime/testing'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Parts } from '../../parts.ts'
import { settledPlan } from '../../testing/observations.ts'
import { onDefaultShard, sampleTenant, sampleWanted, settings } from '../../testing/samples.ts'
import { applyDatabaseStep } from './apply.ts'
import { observeDatabase } from './observe.ts'
import { passwordSetAnnotation } from './password.ts'
import { planDatabase } from './plan.ts'

// Postgres is real; of the API server only the one Secret is needed.
const signal = AbortSignal.timeout(300_000)
const day = 86_400_000
const wanted = onDefaultShard(sampleWanted(), settings)
const database = { ...wanted.database, tenant: { ...wanted.database.tenant, shard: 'default' } }

// Longer than a password that opened is believed.
const aWhile = day / 4

let postgres: TestPostgres
let connection: Database
let secret: KubeObject | undefined
let clock = new TestClock()
let made = 0
let onPatch: () => void

beforeAll(async () => {
  postgres = await startTestPostgres()
  const { host, port, user, database: name } = postgres
  const latency = createMetrics().histogram({ name: 'p', help: 'p', labels: ['call'], buckets: [1] })
  const options = {
    host,
    port,
    user,
    database: name,
    latency,
    maxConnections: 4,
    clock: { ...systemClock, now: () => clock.now() },
  }
  connection = openDatabase({ ...options, password: new Secret(postgres.password) })
  await prepareRegistry(connection, name, signal)
})

afterAll(async () => {
  await connection.close()
  await postgres.stop()
})

beforeEach(async () => {
  onPatch = () => undefined
  clock = new TestClock(Date.parse('2026-11-01T00:00:00Z'))
  secret = undefined
  expect(await settle()).toEqual(['prepare-database'])
})

const conflict = () => new KubeFault('Cannot patch', { status: 409, reason: 'Conflict', detail: 'changed meanwhile' })

const kubernetes = {
  find: () => Promise.resolve(secret),
  create: (_kind: unknown, body: KubeBody) => {
    const creationTimestamp = new Date(clock.now()).toISOString()
    secret = { ...body, metadata: { ...body.metadata, uid: 'secret', resourceVersion: '1', creationTimestamp } }
    return Promise.resolve(secret)
  },
  patch: (_ref: unknown, { body }: { body: KubeBody & { data: Record<string, string> } }) => {
    onPatch()
    const before = secret
    if (before?.metadata.resourceVersion !== body.metadata.resourceVersion) return Promise.reject(conflict())
    const resourceVersion = String(Number(before?.metadata.resourceVersion) + 1)
    const data = { ...(before?.['data'] as Record<string, string>), ...body.data }
    secret = { ...before, data, metadata: { ...before?.metadata, ...body.metadata, name: 's', resourceVersion } }
    return Promise.resolve(secret)
  },
}

function partsOf(passwordMaxAgeMs: number | undefined = 30 * day): Parts {
  const { host, port, database: name } = postgres
  return {
    ...{ kubernetes, clock, logger: silentLogger },
    databases: createTenantDatabase(connection, name),
    rollouts: { planFor: () => settledPlan, migrated: () => undefined },
    settings: {
      ...settings,
      passwordMaxAgeMs,
      databaseShards: [{ name: 'default', host, port, database: name, maxSchemas: 9 }],
    },
    newSecret: () => new Secret(`password-${(made += 1)}`),
  } as unknown as Parts
}

/** Looks and does what has to be done until nothing has to; gives what that was. */
async function settle(parts = partsOf()): Promise<readonly string[]> {
  const done: string[] = []
  for (let round = 0; round < 4; round += 1) {
    const seen = await observeDatabase(parts, wanted.owner, database, signal)
    const steps = planDatabase(database, seen)
    if (steps.length === 0) return done
    for (const step of steps) {
      await applyDatabaseStep({ parts, owner: wanted.owner, wanted: database }, step, signal)
      done.push(step.kind)
    }
  }
  throw new Error(`It never settles: ${done.join(', ')}`)
}

const stored = () => Buffer.from((secret?.['data'] as Record<string, string>)['password'] ?? '', 'base64').toString()

async function connect(password: string): Promise<pg.Client> {
  const { host, port, database: name } = postgres
  const client = new pg.Client({ host, port, database: name, user: database.tenant.role, password })
  client.on('error', () => undefined)
  await client.connect()
  return client
}

async function opens(password: string): Promise<boolean> {
  try {
    await (await connect(password)).end()
    return true
  } catch {
    return false
  }
}

test('S-170 a password is replaced when it is old, in the Secret and in the role, and sessions go on', async () => {
  const old = stored()
  const session = await connect(old)
  await clock.advance(30 * day - 1)
  expect(await settle()).toEqual([])
  await clock.advance(1)
  expect(await settle()).toEqual(['rotate-password'])
  expect(stored()).not.toBe(old)
  expect([await opens(old), await opens(stored())]).toEqual([false, true])
  expect((await session.query('SELECT count(*)::integer AS n FROM audit')).rows).toEqual([{ n: 0 }])
  await session.end()
  expect(secret?.metadata.annotations).toEqual({ [passwordSetAnnotation]: '2026-12-01T00:00:00.000Z' })
  expect(await settle()).toEqual([])
  await clock.advance(30 * day)
  expect(await settle()).toEqual(['rotate-password'])
})

test('S-170 a password that somebody gave the role is taken back', async () => {
  const session = await connect(stored())
  await session.query("ALTER ROLE CURRENT_USER PASSWORD 'of-the-tenant-s-own'")
  await session.end()
  expect(await opens(stored())).toBe(false)
  expect(await settle()).toEqual([])
  await clock.advance(aWhile)
  expect(await settle()).toEqual(['set-password'])
  expect([await opens(stored()), await opens('of-the-tenant-s-own')]).toEqual([true, false])
})

test('S-170 a crash between the Secret and the role is mended by whoever looks next', async () => {
  await clock.advance(30 * day)
  const parts = partsOf()
  const crashing = {
    ...parts,
    databases: { ...parts.databases, setPassword: () => Promise.reject(new Error('crashed')) },
  }
  await expect(settle(crashing)).rejects.toThrow('crashed')
  expect(await opens(stored())).toBe(false)
  expect(await settle()).toEqual(['set-password'])
  expect(await opens(stored())).toBe(true)
})

test('S-170 of two leaders at once one makes the password, and both give it to the role', async () => {
  await clock.advance(30 * day)
  const before = made
  await Promise.all([settle(), settle()])
  expect(await opens(stored())).toBe(true)
  expect(await settle()).toEqual([])
  expect(made - before).toBeLessThanOrEqual(2)
})

test('a Secret that was changed at that very moment keeps what it got', async () => {
  await clock.advance(30 * day)
  onPatch = () => {
    onPatch = () => undefined
    if (secret !== undefined) {
      const data = { ...(secret['data'] as Record<string, string>), password: Buffer.from('faster').toString('base64') }
      const annotations = { [passwordSetAnnotation]: new Date(clock.now()).toISOString() }
      secret = { ...secret, data, metadata: { ...secret.metadata, annotations, resourceVersion: '99' } }
    }
  }
  expect(await settle()).toEqual(['rotate-password'])
  expect([stored(), await opens('faster')]).toEqual(['faster', true])
})

test('with a rotation of 0 days it is never replaced', async () => {
  await clock.advance(3650 * day)
  expect(await settle({ ...partsOf(), settings: { ...partsOf().settings, passwordMaxAgeMs: undefined } })).toEqual([])
})

test('a role that has no connection left is not taken for one with another password', async () => {
  const tenant = sampleTenant()
  const sessions = await Promise.all(
    Array.from({ length: tenant.spec.database.connectionLimit }, () => connect(stored())),
  )
  expect(await opens(stored())).toBe(false)
  expect(await settle()).toEqual([])
  await Promise.all(sessions.map((session) => session.end()))
})

test('S-170 no password stands in what the server is asked to run', async () => {
  await clock.advance(30 * day)
  await settle()
  const rows = await postgres.query("SELECT query FROM pg_stat_activity WHERE usename = 'bulkhead_operator'")
  expect(JSON.stringify(rows)).not.toContain(stored())
})
