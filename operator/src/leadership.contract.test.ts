import { setTimeout as sleep } from 'node:timers/promises'
import { kinds } from '@bulkhead/crds'
import type { DoubleCall } from '@bulkhead/identity/testing'
import { startFaultProxy } from '@bulkhead/runtime/testing'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { startOperatorProcess } from './testing/process.ts'
import type { OperatorProcess, ProcessOptions } from './testing/process.ts'
import { stepsIn } from './testing/steps.ts'
import type { Steps } from './testing/steps.ts'
import { startWorld } from './testing/world.ts'
import type { World } from './testing/world.ts'

// Two operators as they are shipped, and what may befall the one that leads. The lease is short, so that it runs out soon.
const leaderElection = { leaseSeconds: 5, renewDeadlineSeconds: 3.5, retrySeconds: 0.25 }
const walls = ['Granted', 'NamespaceReady', 'IdentityReady', 'DatabaseReady']
const patient = { timeout: 60_000, interval: 25 }

let world: World
let steps: Steps
let onCall: (call: DoubleCall) => void = () => undefined
let running: OperatorProcess[] = []

beforeAll(async () => {
  const double = {
    onCall: (call: DoubleCall) => {
      onCall(call)
      return 'pass' as const
    },
  }
  world = await startWorld({ keycloak: 'double', double })
  steps = stepsIn(world)
}, 600_000)

afterAll(() => world.stop())

afterEach(async () => {
  onCall = () => undefined
  for (const one of running) one.signal('SIGCONT')
  await Promise.all(running.map((one) => one.end()))
  running = []
})

const readiness = z.object({ ready: z.boolean(), leads: z.boolean(), leader: z.string().optional() })

async function readinessOf(one: OperatorProcess): Promise<z.infer<typeof readiness> & { readonly status: number }> {
  const { status, text } = await one.page('/readyz')
  const parsed = readiness.safeParse(status === 0 ? undefined : JSON.parse(text))
  return { status, ...(parsed.success ? parsed.data : { ready: false, leads: false }) }
}

const leads = async (one: OperatorProcess): Promise<boolean> => (await readinessOf(one)).leads

async function start(options: ProcessOptions = {}): Promise<OperatorProcess> {
  const one = await startOperatorProcess(world, { leaderElection, ...options })
  running.push(one)
  await expect.poll(async () => (await readinessOf(one)).ready, patient).toBe(true)
  return one
}

/** One that leads, and one that stands by. */
async function pair(options: ProcessOptions = {}): Promise<{ leader: OperatorProcess; standby: OperatorProcess }> {
  const leader = await start(options)
  await expect.poll(() => leads(leader), patient).toBe(true)
  const { kubeconfigPath: _way, ...rest } = options
  return { leader, standby: await start(rest) }
}

const isWrite = ({ method, path }: DoubleCall): boolean => method !== 'GET' && !path.endsWith('/token')
const writes = (): number => world.double?.calls.filter(isWrite).length ?? 0

/** Everything that there may only be one of. */
async function expectOneOf(name: string): Promise<void> {
  const { id, realm } = await steps.factsOf(name)
  expect(world.double?.realms().filter((one) => one.startsWith(`${name}-`))).toEqual([realm])
  const { database } = world.postgres
  const schemas = await world.postgres.query('SELECT nspname FROM pg_namespace', database)
  expect(schemas.filter(({ nspname }) => nspname === `tenant_${id}`)).toHaveLength(1)
  const registered = await world.postgres.query(`SELECT id FROM public.tenants WHERE name = '${name}'`, database)
  expect(registered).toEqual([{ id }])
  await (await steps.login(id)).end()
}

async function epoch(): Promise<number> {
  const rows = await world.postgres.query('SELECT epoch FROM public.leadership', world.postgres.database)
  return Number(rows[0]?.['epoch'])
}

test('one operator leads and works; the other is ready, says who leads, and takes over at once when that one stops', async () => {
  const { leader, standby } = await pair()
  await steps.createTenant('first')
  await steps.tenantWith('first', 'True', walls)
  const [leading, standing] = await Promise.all([readinessOf(leader), readinessOf(standby)])
  expect(leading).toMatchObject({ status: 200, ready: true, leads: true })
  expect(standing).toMatchObject({ status: 200, ready: true, leads: false, leader: leading.leader })
  const before = await epoch()
  const { code, output } = await leader.end()
  running = [standby]
  const stoppedMs = performance.now()
  expect(code).toBe(0)
  expect(output).toContain('leadership given back')
  await expect.poll(() => leads(standby), patient).toBe(true)
  expect(performance.now() - stoppedMs).toBeLessThan(3_500)
  await steps.createTenant('second')
  await steps.tenantWith('second', 'True', walls)
  expect(await epoch()).toBe(before + 1)
})

test('with the times that are the default, a leader that stops is followed long before its lease would end', async () => {
  const { leader, standby } = await pair({ leaderElection: {} })
  await leader.end()
  running = [standby]
  const stoppedMs = performance.now()
  await expect.poll(() => leads(standby), patient).toBe(true)
  expect(performance.now() - stoppedMs).toBeLessThan(6_000)
})

test('F-26 a leader that is stopped in the middle of making a realm, for longer than its lease: one realm, and no write of it afterwards', async () => {
  const { leader, standby } = await pair()
  const stopped = Promise.withResolvers<undefined>()
  onCall = ({ route, realm }) => {
    if (route !== 'POST /admin/realms' || realm?.startsWith('paused-') !== true) return
    onCall = () => undefined
    leader.signal('SIGSTOP')
    stopped.resolve(undefined)
  }
  await steps.createTenant('paused')
  await stopped.promise
  await expect.poll(() => leads(standby), patient).toBe(true)
  await steps.tenantWith('paused', 'True', walls)
  await expectOneOf('paused')
  // The new leader has nothing to do any more: whatever is written now, the old one writes.
  await sleep(1_000)
  const [before, terms] = [writes(), await epoch()]
  const { metadata } = await world.admin.get({ kind: kinds.tenant, name: 'paused' })
  leader.signal('SIGCONT')
  await expect.poll(() => leader.output(), patient).toContain('leadership lost')
  await sleep(2_000)
  expect(await leads(leader)).toBe(false)
  expect(writes()).toBe(before)
  expect(await epoch()).toBe(terms)
  const after = await world.admin.get({ kind: kinds.tenant, name: 'paused' })
  expect(after.metadata.resourceVersion).toBe(metadata.resourceVersion)
  await expectOneOf('paused')
})

test('F-27 a leader that is cut off from the API server only stops in time, though Keycloak and Postgres are at hand', async () => {
  const proxy = await startFaultProxy(world.api.url)
  const { leader, standby } = await pair({ kubeconfigPath: await proxy.kubeconfig(world.api.kubeconfigPath) })
  // Its work is under way when the network goes.
  const names = ['cut-a', 'cut-b', 'cut-c', 'cut-d', 'cut-e', 'cut-f']
  const begun = Promise.withResolvers<undefined>()
  onCall = ({ route, realm }) => {
    if (route === 'POST /admin/realms' && realm?.startsWith('cut-') === true) begun.resolve(undefined)
  }
  for (const name of names) await steps.createTenant(name)
  await begun.promise
  proxy.set({ kind: 'stall' })
  const cutMs = performance.now()
  let lostMs = 0
  while (!(await leads(standby))) {
    if (lostMs === 0 && !(await leads(leader))) lostMs = performance.now()
    expect(performance.now() - cutMs).toBeLessThan(30_000)
    await sleep(20)
  }
  expect(lostMs - cutMs).toBeLessThan(leaderElection.leaseSeconds * 1_000)
  for (const name of names) await steps.tenantWith(name, 'True', walls)
  for (const name of names) await expectOneOf(name)
  await sleep(1_000)
  const before = writes()
  proxy.set({ kind: 'pass' })
  await expect
    .poll(async () => (await readinessOf(leader)).leader === (await readinessOf(standby)).leader, patient)
    .toBe(true)
  expect(await leads(leader)).toBe(false)
  expect(writes()).toBe(before)
  await proxy.stop()
})

test('metrics say who leads', async () => {
  const { leader, standby } = await pair()
  const of = async (one: OperatorProcess): Promise<string> => (await one.page('/metrics')).text
  expect(await of(leader)).toContain('bulkhead_leader_leads{lease="bulkhead-operator"} 1')
  expect(await of(standby)).toContain('bulkhead_leader_leads{lease="bulkhead-operator"} 0')
  // The standby's copies are kept like the leader's.
  expect(await of(standby)).toMatch(/bulkhead_kubernetes_objects\{resource="tenants.bulkhead.dev"\} [1-9]/)
})
