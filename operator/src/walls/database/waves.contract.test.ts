import { createTenantDatabase, openDatabase, prepareRegistry, tenantMigrations, waveOf } from '@bulkhead/database'
import type { Database, Migration, TenantDatabase, Wave } from '@bulkhead/database'
import { startTestPostgres } from '@bulkhead/database/testing'
import type { TestPostgres } from '@bulkhead/database/testing'
import { Secret, createMetrics, silentLogger, systemClock } from '@bulkhead/runtime'
import { TestClock } from '@bulkhead/runtime/testing'
import { parseTenantName, tenantId } from '@bulkhead/tenancy'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Parts } from '../../parts.ts'
import { sampleTenant } from '../../testing/samples.ts'
import { applyDatabaseStep } from './apply.ts'
import { judgeDatabase } from './judge.ts'
import { planDatabase } from './plan.ts'
import { openRollouts } from './rollout.ts'
import type { Rollouts } from './rollout.ts'
import { wantDatabase } from './wanted.ts'

// The schemas and the registry are real; what a reconcile would do with each of them is done here, one after the other.
const signal = AbortSignal.timeout(600_000)
const soakMs = 600_000
const tickMs = 5_000
const canaries = 3

interface Fleet {
  readonly owner: ReturnType<typeof ownerOf>
  readonly channel: 'Stable' | 'Canary'
  readonly wave: Wave
}

let postgres: TestPostgres
let database: Database
let fleet: readonly Fleet[]
// Each test is one more release, which finds all schemas at the version of the one before.
let release = tenantMigrations.length

beforeAll(async () => {
  postgres = await startTestPostgres()
  const { host, port, user, database: name } = postgres
  const latency = createMetrics().histogram({ name: 'w', help: 'w', labels: ['call'], buckets: [1] })
  const password = new Secret(postgres.password)
  const options = { host, port, user, database: name, password, latency, maxConnections: 8, clock: systemClock }
  database = openDatabase(options)
  await prepareRegistry(database, name, signal)
  fleet = Array.from({ length: 24 }, (_, index) => {
    const [owner, channel] = [ownerOf(index), index < canaries ? 'Canary' : 'Stable'] as const
    return { owner, channel, wave: waveOf({ id: owner.id, channel }) }
  })
  const old = createTenantDatabase(database, name)
  const prepare = ({ tenant, settings }: ReturnType<typeof wantedOf>) =>
    old.prepare(tenant, { ...settings, password: new Secret('password') }, signal)
  await Promise.all(fleet.map((one) => prepare(wantedOf(one))))
  const first = await lead(release)
  await first.end()
})

afterAll(async () => {
  await database.close()
  await postgres.stop()
})

function ownerOf(index: number) {
  const [name, uid] = [parseTenantName(`t${index}`), `uid-${index}`]
  if (name === undefined) throw new Error('That is no name')
  return { name, uid, id: tenantId(uid) }
}

function wantedOf({ owner, channel }: Fleet, request?: string) {
  const tenant = sampleTenant({ spec: { database: { channel } } })
  const wanted = wantDatabase(owner, tenant)
  return {
    ...wanted,
    placement: { kind: 'placed', shard: 'default' } as const,
    rollout: { ...wanted.rollout, request },
  }
}

function historyOf(version: number): readonly Migration[] {
  const more = Array.from({ length: version - tenantMigrations.length }, (_, index) => {
    const own = tenantMigrations.length + index + 1
    return { version: own, name: `notes ${own}`, statements: [`CREATE TABLE notes_${own} (id text)`] }
  })
  return [...tenantMigrations, ...more]
}

interface Leader {
  readonly rollouts: Rollouts
  readonly databases: TenantDatabase
  /** Lets time pass, and the registry answer. */
  wait(ms: number): Promise<void>
  /** Does for one schema what a reconcile would. */
  reconcile(one: Fleet, request?: string): Promise<string>
  end(): Promise<void>
}

async function lead(version: number): Promise<Leader> {
  const clock = new TestClock(Date.now())
  const migrations = historyOf(version)
  const databases = createTenantDatabase(database, postgres.database, migrations)
  const timing = { clock, soakMs, tickMs, migrations, logger: silentLogger, metrics: createMetrics(), signal }
  const rollouts = await openRollouts(database, timing)
  const parts = { databases, rollouts, logger: silentLogger } as unknown as Parts
  let seen = await versions()
  const end = rollouts.start({
    look: () => fleet.map(({ owner, channel }) => ({ ...owner, channel, version: seen.get(owner.id) ?? 0 })),
    isThere: () => true,
    wake: () => undefined,
  })
  const wait = async (ms: number): Promise<void> => {
    seen = await versions()
    // Asleep again, it has heard from the registry, which is real and answers when it answers.
    for (const stepMs of [ms, tickMs]) {
      await clock.advance(stepMs)
      await expect.poll(() => clock.sleeping, { timeout: 10_000, interval: 5 }).toBe(1)
    }
  }
  const look = async (one: Fleet, request?: string) => {
    const wanted = wantedOf(one, request)
    const plan = rollouts.planFor(wanted.rollout)
    const secret = { kind: 'own', object: { metadata: { name: 's' } } } as const
    return {
      wanted,
      value: { ...(await databases.observe(wanted.tenant, signal)), secret, plan, password: 'good' as const },
    }
  }
  const reconcile: Leader['reconcile'] = async (one, request) => {
    const { wanted, value } = await look(one, request)
    for (const step of planDatabase(wanted, value)) {
      await applyDatabaseStep({ parts, owner: one.owner, wanted }, step, signal)
    }
    const { value: after } = await look(one, request)
    return judgeDatabase({ wanted, seen: { kind: 'seen', value: after }, hasFault: false, isSuspended: false }).message
  }
  return { rollouts, databases, wait, reconcile, end }
}

async function versions(): Promise<ReadonlyMap<string, number>> {
  const rows = await postgres.query(
    "SELECT right(scope, 13) AS id, max(version) AS version FROM public.migrations WHERE scope <> 'public' GROUP BY scope",
    postgres.database,
  )
  return new Map(rows.map((row) => [String(row['id']), Number(row['version'])]))
}

/** How many schemas of each wave have the version. */
async function progress(version: number) {
  const seen = await versions()
  const have = (wave: Wave) =>
    fleet.filter((one) => one.wave === wave && (seen.get(one.owner.id) ?? 0) >= version).length
  return { canary: have('canary'), tenth: have('tenth'), rest: have('rest') }
}

const sizeOf = (wave: Wave) => fleet.filter((one) => one.wave === wave).length
const whole = () => ({ canary: sizeOf('canary'), tenth: sizeOf('tenth'), rest: sizeOf('rest') })
const ofWave = (wave: Wave): Fleet => {
  const one = fleet.find((candidate) => candidate.wave === wave)
  if (one === undefined) throw new Error(`Nobody is in the wave ${wave}`)
  return one
}

/** Every schema is reconciled, then time passes: three times, for three waves. */
async function goOn(leader: Leader, request?: string): Promise<void> {
  for (let wave = 0; wave < 3; wave += 1) {
    for (const one of fleet) await leader.reconcile(one, request)
    await leader.wait(tickMs)
    await leader.wait(soakMs)
  }
}

test('a release goes wave by wave through two dozen schemas, each of which is served meanwhile', async () => {
  release += 1
  const leader = await lead(release)
  expect(await leader.reconcile(ofWave('rest'))).toContain(
    `at version ${release - 1}; version ${release} waits for its wave`,
  )
  for (const one of fleet) await leader.reconcile(one)
  expect(await progress(release)).toEqual({ canary: canaries, tenth: 0, rest: 0 })
  await leader.wait(tickMs)
  for (const one of fleet) await leader.reconcile(one)
  expect(await progress(release)).toEqual({ canary: canaries, tenth: 0, rest: 0 })
  await leader.wait(soakMs)
  for (const one of fleet) await leader.reconcile(one)
  expect(await progress(release)).toEqual({ ...whole(), rest: 0 })
  await leader.wait(tickMs)
  await leader.wait(soakMs)
  for (const one of fleet) await leader.reconcile(one)
  expect(await progress(release)).toEqual(whole())
  expect(await leader.reconcile(ofWave('rest'))).toMatch(new RegExp(`at version ${release}$`))
  await leader.wait(tickMs)
  await leader.end()
})

describe('F-35 a migration that fails stops all that would come after it, and goes on once it is mended', () => {
  test.each([
    ['among the canaries', 'canary', { tenth: 0, rest: 0 }],
    ['in the tenth', 'tenth', { canary: canaries, rest: 0 }],
    ['in the rest', 'rest', { canary: canaries }],
  ] as const)('%s', async (_title, wave, expected) => {
    release += 1
    const victim = ofWave(wave)
    const { schema } = wantedOf(victim).tenant
    await postgres.query(`CREATE TABLE "${schema}".notes_${release} (mine text)`, postgres.database)
    const leader = await lead(release)
    await goOn(leader)
    const stopped = await progress(release)
    expect(stopped).toMatchObject(expected)
    expect(stopped[wave]).toBeLessThan(sizeOf(wave))
    expect(await leader.reconcile(victim)).toContain(`at version ${release - 1}; version ${release} could not be made`)
    await leader.end()

    // Whoever leads next knows of it, and tries nobody.
    const next = await lead(release)
    await goOn(next)
    expect(await progress(release)).toEqual(stopped)
    const words = `statement 1: relation "notes_${release}" already exists (42P07)`
    expect(next.rollouts.planFor(wantedOf(victim).rollout).hindrance).toMatchObject({ kind: 'failed', words })
    await postgres.query(`DROP TABLE "${schema}".notes_${release}`, postgres.database)
    await goOn(next, 'mended')
    expect(await progress(release)).toEqual(whole())
    await next.end()
  })
})

test('F-35 two leaders at once bring every schema there once, and an older release between them changes nothing', async () => {
  release += 1
  const [one, two, old] = await Promise.all([lead(release), lead(release), lead(release - 1)])
  for (let wave = 0; wave < 3; wave += 1) {
    await Promise.all(
      [one, two, old].map(async (leader) => {
        for (const each of fleet) await leader.reconcile(each)
      }),
    )
    await Promise.all([one, two, old].map((leader) => leader.wait(tickMs)))
    await Promise.all([one, two, old].map((leader) => leader.wait(soakMs)))
  }
  expect(await progress(release)).toEqual(whole())
  expect(await old.reconcile(ofWave('rest'))).toContain(`newer than the ${release - 1} that this operator knows`)
  await Promise.all([one, two, old].map((leader) => leader.end()))
})
