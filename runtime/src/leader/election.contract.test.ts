import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../clock.ts'
import { createKubeClient } from '../kubernetes/client.ts'
import type { KubeClient } from '../kubernetes/kube-client.ts'
import { silentLogger } from '../logger.ts'
import { startTestApiServer } from '../testing/api-server.ts'
import type { TestApiServer } from '../testing/api-server.ts'
import { startFaultProxy } from '../testing/fault-proxy.ts'
import type { Direction, Fault } from '../testing/fault-proxy.ts'
import { leaseKind } from './lease.ts'
import { startCandidate } from './testing/candidate.ts'
import type { Candidate } from './testing/candidate.ts'

// The same races as in the unit tests, with the API server that keeps real Leases. Times are short, so that they pass.
const timings = { leaseMs: 3_000, renewDeadlineMs: 2_000, retryMs: 250 }
// For those that must not lose it, on a machine that has other things to do.
const patientTimings = { leaseMs: 6_000, renewDeadlineMs: 4_500, retryMs: 250 }
const namespace = 'default'

let server: TestApiServer
let admin: KubeClient
const opened: KubeClient[] = []
const candidates: Candidate[] = []

beforeAll(async () => {
  server = await startTestApiServer()
  admin = client()
})

afterAll(async () => {
  await end(...candidates)
  for (const one of opened) one.close()
  await server.stop()
})

function client(kubeconfigPath = server.adminKubeconfigPath): KubeClient {
  const made = createKubeClient({ kubeconfigPath, logger: silentLogger, clock: systemClock })
  opened.push(made)
  return made
}

async function end(...ending: readonly Candidate[]): Promise<void> {
  for (const one of ending) one.stop.abort(new Error('the test is over'))
  await Promise.all(ending.map((one) => one.ended))
}

function start(name: string, identity: string, through: KubeClient, times = timings): Candidate {
  const made = startCandidate({
    ...{
      client: through,
      identity,
      base: systemClock,
      timings: times,
      random: Math.random,
      lease: { namespace, name },
    },
  })
  candidates.push(made)
  return made
}

const patient = { timeout: 20_000, interval: 20 }
const leading = (all: readonly Candidate[]) => all.filter((one) => one.election.leads()).length

test('of ten candidates that come at one moment one leads, and a stop hands over within a retry', async () => {
  const all = Array.from({ length: 10 }, (_, index) => start('race', `c${index}`, client()))
  await expect.poll(() => leading(all), patient).toBe(1)
  expect(all.flatMap((one) => one.terms)).toHaveLength(1)
  const first = all.find((one) => one.election.leads())
  first?.stop.abort(new Error('told to stop'))
  await first?.ended
  const stoppedMs = Date.now()
  await expect.poll(() => leading(all), patient).toBe(1)
  expect(Date.now() - stoppedMs).toBeLessThan(timings.leaseMs)
  const lease = await admin.get({ kind: leaseKind, namespace, name: 'race' })
  expect(lease['spec']).toMatchObject({ leaseDurationSeconds: 3, leaseTransitions: 1 })
})

test('a lease that ran out is taken by one of many: the API server refuses the other writes', async () => {
  const spec = { holderIdentity: 'gone', leaseDurationSeconds: 1, leaseTransitions: 7 }
  await admin.create(leaseKind, { metadata: { namespace, name: 'silent' }, spec })
  const all = Array.from({ length: 5 }, (_, index) => start('silent', `c${index}`, client()))
  await expect.poll(() => leading(all), patient).toBe(1)
  expect(all.flatMap((one) => one.terms)).toHaveLength(1)
  const lease = await admin.get({ kind: leaseKind, namespace, name: 'silent' })
  expect(lease['spec']).toMatchObject({ leaseTransitions: 8 })
})

test.each<[string, Fault, Direction?]>([
  ['is cut', { kind: 'cut' }],
  ['resets everything', { kind: 'reset' }],
  ['takes everything and gives nothing', { kind: 'stall' }],
  ['carries its renewals and not the answers', { kind: 'stall' }, 'toClient'],
  ['garbles what it carries', { kind: 'garbage', bytes: 'garbage' }],
])(
  'F-27 a leader whose way to the API server %s stops within its deadline; the standby leads; never both',
  async (title, fault, direction) => {
    const proxy = await startFaultProxy(server.url)
    const name = `way-${title.replaceAll(' ', '-')}`
    const one = start(name, 'first', client(await proxy.kubeconfig(server.adminKubeconfigPath)))
    await expect.poll(() => one.election.leads(), patient).toBe(true)
    const two = start(name, 'second', client())
    proxy.set(fault, direction)
    const brokenMs = performance.now()
    let lostMs = Infinity
    while (!two.election.leads()) {
      expect(leading([one, two])).toBeLessThanOrEqual(1)
      if (!one.election.leads()) lostMs = Math.min(lostMs, performance.now())
      expect(performance.now() - brokenMs).toBeLessThan(20_000)
      await sleep(5)
    }
    expect(lostMs - brokenMs).toBeLessThan(timings.leaseMs)
    expect(one.terms[0]?.signal.aborted).toBe(true)
    proxy.set({ kind: 'pass' })
    await sleep(1_000)
    expect([one.election.leads(), two.election.leads()]).toEqual([false, true])
    await end(one, two)
    await proxy.stop()
  },
)

test('F-25 an API server that answers slowly, but in time, costs no leader its lease', async () => {
  const proxy = await startFaultProxy(server.url)
  const one = start('slow', 'first', client(await proxy.kubeconfig(server.adminKubeconfigPath)), patientTimings)
  await expect.poll(() => one.election.leads(), patient).toBe(true)
  proxy.set({ kind: 'slow', bytesPerSecond: 2_048 }, 'toClient')
  const slowest = /renew_seconds_bucket\{le="0.1",lease="slow"\} (\d+)[\s\S]*renew_seconds_count\{lease="slow"\} (\d+)/
  await sleep(patientTimings.leaseMs)
  expect(one.election.leads()).toBe(true)
  expect(one.terms).toHaveLength(1)
  const [, quick, all] = slowest.exec(await one.metrics.text()) ?? []
  expect(Number(all) - Number(quick)).toBeGreaterThan(2)
  await end(one)
  await proxy.stop()
})

test('a half-open connection costs no leader its lease: the next attempt takes another connection', async () => {
  const proxy = await startFaultProxy(server.url)
  const one = start('half-open', 'first', client(await proxy.kubeconfig(server.adminKubeconfigPath)), patientTimings)
  await expect.poll(() => one.election.leads(), patient).toBe(true)
  const before = proxy.accepted
  proxy.set({ kind: 'half-open' })
  await expect.poll(() => proxy.accepted, patient).toBeGreaterThan(before)
  await sleep(patientTimings.leaseMs)
  expect(one.election.leads()).toBe(true)
  expect(one.terms).toHaveLength(1)
  await end(one)
  await proxy.stop()
})
