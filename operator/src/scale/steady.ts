import { randomInt } from 'node:crypto'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { kinds } from '@bulkhead/crds'
import { systemClock } from '@bulkhead/runtime'
import type { World } from '../testing/world.ts'
import { readMetrics } from './onboarding.ts'
import type { Bench } from './onboarding.ts'

export interface DriftCost {
  readonly checks: number
  /** Without what the operator costs when it has nothing to do. */
  readonly cpuMsPerCheck: number
  /** What it holds then, in MiB. */
  readonly residentMiB: number
}

const idleMs = 20_000

interface Spent {
  readonly checks: number
  readonly cpuSeconds: number
}

async function readSpent(bench: Bench): Promise<Spent> {
  const page = await readMetrics(bench)
  const checks = page.sum('bulkhead_operator_outcomes_total', 'kind="Tenant"')
  return { checks, cpuSeconds: page.sum('process_cpu_seconds_total') }
}

/** What is spent in a time, after every Tenant was looked at once. */
async function spendIn(bench: Bench, tenants: number, ms: number): Promise<Spent> {
  while ((await readSpent(bench)).checks < tenants) await systemClock.sleep(500, bench.signal)
  const before = await readSpent(bench)
  await systemClock.sleep(ms, bench.signal)
  const after = await readSpent(bench)
  return { checks: after.checks - before.checks, cpuSeconds: after.cpuSeconds - before.cpuSeconds }
}

export interface DriftTerms {
  readonly tenants: number
  readonly resyncSeconds: number
  /** Of a core. */
  readonly idleShare: number
}

/** What one look for drift costs, in an operator that does nothing else. */
export async function measureDrift(
  bench: Bench,
  { tenants, resyncSeconds, idleShare }: DriftTerms,
): Promise<DriftCost> {
  const { checks, cpuSeconds } = await spendIn(bench, tenants, resyncSeconds * 1000)
  const spentOnChecks = cpuSeconds - idleShare * resyncSeconds
  const residentMiB = (await readMetrics(bench)).sum('process_resident_memory_bytes') / 2 ** 20
  return { checks, cpuMsPerCheck: (1000 * spentOnChecks) / checks, residentMiB }
}

/** What an operator costs that has nothing to do, as a share of one core. */
export async function measureIdle(bench: Bench, tenants: number): Promise<number> {
  return (1000 * (await spendIn(bench, tenants, idleMs)).cpuSeconds) / idleMs
}

export interface Growth {
  readonly events: number
  readonly beforeMiB: number
  readonly afterMiB: number
}

/** How much an operator in this process holds before and after that many random events, once it is still. */
export async function measureGrowth(
  world: World,
  names: readonly string[],
  events: number,
  signal: AbortSignal,
): Promise<Growth> {
  // What is made once, like caches and compiled code, is there after the first tenth.
  await makeEvents(world, names, events / 10)
  const beforeMiB = await heldMiB(world, signal)
  await makeEvents(world, names, events)
  return { events, beforeMiB, afterMiB: await heldMiB(world, signal) }
}

const eventsAtOnce = 8

async function makeEvents({ admin }: World, names: readonly string[], count: number): Promise<void> {
  let left = count
  const work = async (): Promise<void> => {
    while (left > 0) {
      left -= 1
      const name = names[randomInt(names.length)] ?? ''
      const body = randomChange()
      await admin.patch({ kind: kinds.tenant, name }, { type: 'merge', body })
    }
  }
  await Promise.all(Array.from({ length: eventsAtOnce }, work))
}

// Most events change nothing that we look at; every change of the spec is a whole look at the tenant.
function randomChange(): Readonly<Record<string, unknown>> {
  const text = String(randomInt(1_000_000))
  switch (randomInt(10)) {
    case 0:
      return { spec: { displayName: text } }
    case 1:
      return { spec: { suspended: randomInt(2) === 0 } }
    case 2:
      return { spec: { hostnames: [{ host: `h${randomInt(5)}-${text}.example` }] } }
    default:
      return { metadata: { annotations: { 'example.com/touched': text } } }
  }
}

const stillMs = 5000

async function heldMiB({ double }: World, signal: AbortSignal): Promise<number> {
  await systemClock.sleep(stillMs, signal)
  double?.forget()
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  collect()
  return process.memoryUsage().heapUsed / 2 ** 20
}
