import { MigrationFailed } from '@bulkhead/database'
import type { RolloutRegistry, RolloutState } from '@bulkhead/database'
import { createMetrics, silentLogger } from '@bulkhead/runtime'
import { TestClock } from '@bulkhead/runtime/testing'
import { tenantId } from '@bulkhead/tenancy'
import { afterEach, expect, test } from 'vitest'
import { createRollouts } from './rollout.ts'
import type { Rollouts, Standing } from './rollout.ts'

const signal = AbortSignal.timeout(60_000)
const soakMs = 600_000
const tickMs = 5_000
const empty: RolloutState = { rollout: undefined, failures: [] }
const failure = new MigrationFailed(2, 'relation "notes" already exists (42P07)', undefined)
const ending: (() => Promise<void>)[] = []

afterEach(async () => {
  await Promise.all(ending.splice(0).map((end) => end()))
})

/** What the registry keeps from one leader to the next. */
function memory(state = empty): RolloutRegistry & { state: RolloutState; isAway: boolean } {
  return {
    ...{ state, isAway: false },
    read() {
      return Promise.resolve(this.state)
    },
    write(next) {
      if (this.isAway) return Promise.reject(new Error('Postgres is away'))
      this.state = next
      return Promise.resolve()
    },
  }
}

// Thirty tenants, two of them canaries, all at version 1.
function fleet(version = 1): Standing[] {
  return Array.from({ length: 30 }, (_, index) => ({
    ...{ id: tenantId(`uid-${index}`), name: `t${index}`, version },
    channel: index < 2 ? 'Canary' : 'Stable',
  }))
}

async function begin(registry: ReturnType<typeof memory>, members: Standing[], version = 2) {
  const clock = new TestClock()
  const metrics = createMetrics()
  const known = { version, checksum: `v${version}` }
  const parts = { registry, known, soakMs, tickMs, clock, metrics, logger: silentLogger }
  const rollouts = createRollouts({ ...parts, stored: await registry.read(signal) })
  const woken: string[] = []
  const there = { look: () => members, isThere: (id: string) => members.some((one) => one.id === id) }
  ending.push(rollouts.start({ ...there, wake: (name) => woken.push(name) }))
  await clock.advance(0)
  const wait = async (ms: number) => clock.advance(ms)
  return { rollouts, woken, wait, metrics }
}

const subject = ({ id, channel }: Standing, request?: string) => ({ id, channel, request })

/** Whoever may be migrated is. */
function migrateAll(rollouts: Rollouts, members: Standing[]): number {
  let count = 0
  for (const [index, member] of members.entries()) {
    const { version } = rollouts.planFor(subject(member))
    if (version <= member.version) continue
    members[index] = { ...member, version }
    rollouts.migrated(member.id, version)
    count += 1
  }
  return count
}

test('a new version goes to the canaries, then to a tenth, then to the rest, with a rest in between', async () => {
  const [registry, members] = [memory(), fleet()]
  const { rollouts, wait, woken } = await begin(registry, members)
  expect(woken).toEqual(['t0', 't1'])
  expect(migrateAll(rollouts, members)).toBe(2)
  await wait(tickMs)
  expect(migrateAll(rollouts, members)).toBe(0)
  await wait(soakMs)
  const tenth = migrateAll(rollouts, members)
  expect(tenth).toBeGreaterThan(0)
  expect(tenth).toBeLessThan(10)
  await wait(soakMs + 2 * tickMs)
  expect(migrateAll(rollouts, members)).toBe(28 - tenth)
  await wait(tickMs)
  expect(registry.state.rollout).toMatchObject({ version: 2, phase: 'done' })
})

test('a schema that is made while the canaries are open begins where all the others are', async () => {
  const { rollouts } = await begin(memory(), fleet())
  const newcomer = { id: tenantId('new'), channel: 'Stable', request: undefined } as const
  expect(rollouts.planFor(newcomer)).toMatchObject({ version: 1, newest: 2, hindrance: { kind: 'wave' } })
  expect(rollouts.planFor({ ...newcomer, channel: 'Canary' })).toMatchObject({ version: 2, hindrance: undefined })
})

test('F-35 a failure among the canaries stops everybody, until another value has it tried again', async () => {
  const [registry, members] = [memory(), fleet()]
  const { rollouts, wait, woken, metrics } = await begin(registry, members)
  const [first, second] = members
  if (first === undefined || second === undefined) throw new Error('There are no canaries')
  await rollouts.failed(subject(first), failure, signal)
  expect(registry.state.failures).toMatchObject([{ tenantId: first.id, version: 2 }])
  expect(rollouts.planFor(subject(first))).toMatchObject({ version: 1, hindrance: { kind: 'failed', version: 2 } })
  expect(rollouts.planFor(subject(second))).toMatchObject({ version: 1, hindrance: { kind: 'stopped' } })
  woken.length = 0
  await wait(10 * soakMs)
  expect([woken, migrateAll(rollouts, members)]).toEqual([[], 0])
  expect(await metrics.text()).toContain('bulkhead_operator_migrations_failed 1')
  // Asked again it fails again, and the same value is not tried a third time.
  expect(rollouts.planFor(subject(first, 'now'))).toMatchObject({ version: 2, hindrance: undefined })
  await rollouts.failed(subject(first, 'now'), failure, signal)
  expect(rollouts.planFor(subject(first, 'now'))).toMatchObject({ version: 1, hindrance: { kind: 'failed' } })
  expect(rollouts.planFor(subject(first, 'again')).version).toBe(2)
  rollouts.migrated(first.id, 2)
  await wait(tickMs)
  expect(woken).toContain('t1')
  expect(registry.state.failures).toEqual([])
  expect(await metrics.text()).toContain('bulkhead_operator_migrations_failed 0')
})

test('F-35 another leader knows of the failure, and a release that mends the version begins anew', async () => {
  const [registry, members] = [memory(), fleet()]
  const { rollouts } = await begin(registry, members)
  const [first] = members
  if (first === undefined) throw new Error('There is no canary')
  await rollouts.failed(subject(first), failure, signal)
  const next = await begin(registry, members)
  expect(next.rollouts.planFor(subject(first))).toMatchObject({ hindrance: { kind: 'failed' } })
  const mended = await begin(registry, members, 3)
  expect(mended.rollouts.planFor(subject(first))).toMatchObject({ version: 3, hindrance: undefined })
  expect(registry.state).toMatchObject({ rollout: { version: 3, base: 1, phase: 'canary' }, failures: [] })
})

test('F-35 an operator of the release before leaves the rollout of a newer one alone', async () => {
  const [registry, members] = [memory(), fleet()]
  await begin(registry, members)
  const stored = registry.state
  const old = await begin(registry, members, 1)
  expect(migrateAll(old.rollouts, members)).toBe(0)
  expect(old.woken).toEqual([])
  await old.wait(10 * soakMs)
  expect(registry.state).toEqual(stored)
})

test('a failed tenant that is deleted holds nobody up', async () => {
  const [registry, members] = [memory(), fleet()]
  const { rollouts, wait } = await begin(registry, members)
  const [first] = members
  if (first === undefined) throw new Error('There is no canary')
  await rollouts.failed(subject(first), failure, signal)
  members.shift()
  await wait(tickMs)
  expect(migrateAll(rollouts, members)).toBe(1)
})

test('while the registry is away no wave opens, and what failed stays failed', async () => {
  const [registry, members] = [memory(), fleet()]
  const { rollouts, wait } = await begin(registry, members)
  migrateAll(rollouts, members)
  registry.isAway = true
  await wait(2 * soakMs)
  expect(migrateAll(rollouts, members)).toBe(0)
  registry.isAway = false
  await wait(2 * soakMs)
  expect(migrateAll(rollouts, members)).toBeGreaterThan(0)
})

test('a schema whose tables are held is tried again after half a minute', async () => {
  const { rollouts, wait } = await begin(memory(), fleet())
  const [first] = fleet()
  if (first === undefined) throw new Error('There is no canary')
  rollouts.busy(first.id, 'another transaction holds its tables (55P03)')
  expect(rollouts.planFor(subject(first))).toMatchObject({ version: 1, hindrance: { kind: 'busy' } })
  await wait(30_000)
  expect(rollouts.planFor(subject(first))).toMatchObject({ version: 2, hindrance: undefined })
})

test('a new installation has nothing to roll out', async () => {
  const registry = memory()
  const { rollouts } = await begin(registry, [])
  const plan = rollouts.planFor({ id: tenantId('a'), channel: 'Stable', request: undefined })
  expect(plan).toEqual({ version: 2, newest: 2, known: 2, hindrance: undefined })
  expect(registry.state.rollout).toMatchObject({ phase: 'done' })
})
