import { kinds } from '@bulkhead/crds'
import type { DoubleCall, KeycloakDouble, Verdict } from '@bulkhead/identity/testing'
import { systemClock } from '@bulkhead/runtime'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { namesOf, watchFleet } from './scale/fleet.ts'
import type { Fleet } from './scale/fleet.ts'
import { stepsIn } from './testing/steps.ts'
import type { Steps } from './testing/steps.ts'
import { startWorld } from './testing/world.ts'
import type { World } from './testing/world.ts'

// Many tenants at once, with a real API server, a real Postgres and the double of Keycloak. What comes out is asserted, never
// how long it took: `make bench-scale` measures that.
let world: World
let double: KeycloakDouble
let steps: Steps
let fleet: Fleet
let stopOperator = (): Promise<void> => Promise.resolve()
let stopCounting = (): void => undefined
/** What becomes of calls about the realms of tenants whose names begin like this. */
const verdicts = new Map<string, (call: DoubleCall) => Verdict | Promise<Verdict>>()

beforeAll(async () => {
  const onCall = (call: DoubleCall): Verdict | Promise<Verdict> => {
    for (const [prefix, verdict] of verdicts) if (call.realm?.startsWith(prefix) === true) return verdict(call)
    return 'pass'
  }
  world = await startWorld({ keycloak: 'double', double: { onCall } })
  if (world.double === undefined) throw new Error('There is no double')
  double = world.double
  steps = stepsIn(world)
  fleet = await watchFleet(world.admin)
  stopOperator = world.run()
}, 600_000)

afterAll(async () => {
  stopCounting()
  await fleet.stop()
  await stopOperator()
  await world.stop()
})

const isCreate = ({ route }: DoubleCall) => route === 'POST /admin/realms'
const atMost = (ms: number) => AbortSignal.timeout(ms)

/** Counts the operator's connections again and again, until it is asked for the most of them. */
function watchConnections(): { most(): Promise<number> } {
  const ended = new AbortController()
  const count = async (): Promise<number> => {
    const text = `SELECT count(*)::int AS open FROM pg_stat_activity WHERE usename = '${world.postgres.user}'`
    let most = 0
    while (!ended.signal.aborted) {
      const [row] = await world.postgres.query(text)
      most = Math.max(most, Number(row?.['open']))
      await systemClock.sleep(100, ended.signal).catch(() => undefined)
    }
    return most
  }
  const counting = count()
  stopCounting = () => ended.abort()
  return {
    most: () => {
      ended.abort()
      return counting
    },
  }
}

test('F-38 a hundred Tenants applied at once are all Ready, and neither Keycloak nor Postgres is overrun', async () => {
  const connections = watchConnections()
  const names = namesOf('crowd', 100)
  // One of them fails again and again: its retries take nobody's turn.
  verdicts.set('broken-', (call) => (isCreate(call) ? { status: 500, body: '{}' } : 'pass'))
  await fleet.create(['broken', ...names])
  await fleet.standing(names, atMost(500_000))
  const most = await connections.most()
  for (const name of names) {
    const tenant = fleet.tenant(name)
    if (tenant !== undefined) await steps.program(kinds.tenant, tenant)
  }
  await Promise.all(names.map((name) => steps.tenantWith(name, 'True', ['Ready'])))
  expect(double.realms()).toHaveLength(100)
  expect(double.calls.filter((call) => isCreate(call) && call.status === 201)).toHaveLength(100)
  expect(double.mostAtOnce(isCreate)).toBeLessThanOrEqual(4)
  expect(double.calls.filter(({ route }) => route === 'GET /admin/realms')).toEqual([])
  expect(most).toBeGreaterThan(0)
  expect(most, 'the pool of the operator').toBeLessThanOrEqual(8)
  expect((await steps.tenantWith('broken', 'False', ['IdentityReady'])).status?.granted?.hostnames).toEqual([
    'broken.gw.test',
  ])
}, 600_000)

test('F-39 a Tenant whose realm nobody answers for delays no other', async () => {
  verdicts.set('hole-', (call) => (isCreate(call) ? 'hang' : 'pass'))
  const hanging = () => double.calls.find((call) => isCreate(call) && call.realm?.startsWith('hole-') === true)
  await fleet.create(['hole'])
  await expect.poll(() => hanging() !== undefined, { timeout: 60_000, interval: 50 }).toBe(true)
  const names = namesOf('beside', 10)
  await fleet.create(names)
  await fleet.standing(names, atMost(120_000))
  expect(hanging()?.ended, 'it hangs to this moment').toBeUndefined()
  expect(fleet.countStanding(['hole'])).toBe(0)
}, 300_000)

test('an edit of a Tenant that stands does not wait for those whose realms are being made', async () => {
  let release = (): void => undefined
  const released = new Promise<void>((resolve) => (release = resolve))
  verdicts.set('slow-', (call) => (isCreate(call) ? released.then((): Verdict => 'pass') : 'pass'))
  const names = namesOf('slow', 20)
  await fleet.create(names)
  const isWaiting = (call: DoubleCall) => isCreate(call) && call.realm?.startsWith('slow-') === true
  await expect.poll(() => double.calls.some(isWaiting), { timeout: 60_000, interval: 50 }).toBe(true)
  await steps.changeTenant('crowd-0001', { displayName: 'Renamed' })
  await steps.tenantWith('crowd-0001', 'True', ['IdentityReady', 'NamespaceReady', 'DatabaseReady'])
  expect(fleet.countStanding(names), 'none of the others could go on').toBe(0)
  release()
  await fleet.standing(names, atMost(120_000))
}, 300_000)
