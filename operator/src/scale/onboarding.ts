import { kinds } from '@bulkhead/crds'
import { systemClock } from '@bulkhead/runtime'
import type { OperatorProcess } from '../testing/process.ts'
import type { World } from '../testing/world.ts'
import { percentile, readPage } from './figures.ts'
import type { Page } from './figures.ts'
import { namesOf } from './fleet.ts'
import type { Fleet } from './fleet.ts'

export interface Bench {
  readonly world: World
  readonly operator: OperatorProcess
  readonly fleet: Fleet
  readonly log: (line: string) => void
  readonly signal: AbortSignal
}

export async function readMetrics({ operator }: Pick<Bench, 'operator'>): Promise<Page> {
  const { status, text } = await operator.page('/metrics')
  if (status !== 200) throw new Error(`Cannot read the operator's figures: it answered ${status} ${text.slice(-500)}`)
  return readPage(text)
}

const realmSeconds = (page: Page) => page.sum('bulkhead_operator_keycloak_seconds_sum', 'call="create realm"')

/** What the operator itself needs for one Tenant, one after another: everything but Keycloak's making of the realm. */
export async function measureOwnShare(bench: Bench, count: number): Promise<readonly number[]> {
  const { fleet, signal } = bench
  const shares: number[] = []
  for (const name of namesOf('single', count)) {
    const before = realmSeconds(await readMetrics(bench))
    await fleet.create([name])
    await fleet.standing([name], signal)
    const realmMs = 1000 * (realmSeconds(await readMetrics(bench)) - before)
    const [totalMs = NaN] = fleet.onboardingMs([name])
    shares.push(totalMs - realmMs)
  }
  return shares
}

export interface Onboarding {
  readonly tenants: number
  readonly totalSeconds: number
  readonly onboardingMs: readonly number[]
  /** From an edit of a Tenant that stands until its status tells of it, while the others were made. */
  readonly editMs: readonly number[]
  readonly queueWaitSeconds: { readonly p50: number; readonly p95: number; readonly p99: number }
}

const progressMs = 2000

/** Applies `count` Tenants at once, edits one that stands all the while, and waits until all stand. */
export async function measureOnboarding(bench: Bench, count: number): Promise<Onboarding> {
  const { fleet, signal, log } = bench
  const names = namesOf('scale', count)
  const [edited = ''] = namesOf('single', 1)
  const startedMs = performance.now()
  const ended = new AbortController()
  const editing = editAgainAndAgain(bench, edited, AbortSignal.any([ended.signal, signal]))
  const telling = tellProgress(bench, names, AbortSignal.any([ended.signal, signal]))
  try {
    await fleet.create(names)
    log(`${count} Tenants are applied after ${((performance.now() - startedMs) / 1000).toFixed(1)} s`)
    await fleet.standing(names, signal)
  } finally {
    ended.abort()
    await telling
  }
  const page = await readMetrics(bench)
  const wait = (share: number) => page.quantile('bulkhead_queue_wait_seconds', share, 'queue="tenants"')
  return {
    tenants: count,
    totalSeconds: (performance.now() - startedMs) / 1000,
    onboardingMs: fleet.onboardingMs(names),
    editMs: await editing,
    queueWaitSeconds: { p50: wait(0.5), p95: wait(0.95), p99: wait(0.99) },
  }
}

async function tellProgress(bench: Bench, names: readonly string[], signal: AbortSignal): Promise<void> {
  const startedMs = performance.now()
  while (!signal.aborted) {
    await systemClock.sleep(progressMs, signal).catch(() => undefined)
    const page = await readMetrics(bench)
    const depth = page.sum('bulkhead_queue_waiting', 'queue="tenants"')
    const wait = (share: number) => page.quantile('bulkhead_queue_wait_seconds', share, 'queue="tenants"')
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(0)
    bench.log(
      `${seconds.padStart(5)} s: ${bench.fleet.countStanding(names)} of ${names.length} stand, ${depth} wait in the queue, ` +
        `waited p50 ≤ ${wait(0.5)} s, p95 ≤ ${wait(0.95)} s`,
    )
  }
}

const editPauseMs = 3000
const lookMs = 10

async function editAgainAndAgain(bench: Bench, name: string, signal: AbortSignal): Promise<readonly number[]> {
  const tookMs: number[] = []
  const pause = (ms: number) => systemClock.sleep(ms, signal)
  try {
    for (let edit = 1; ; edit += 1) {
      tookMs.push(await measureEdit(bench, name, `Edit ${edit}`, pause))
      await pause(editPauseMs)
    }
  } catch (error) {
    // The end of the others' onboarding is the end of this.
    if (!signal.aborted) throw error
    return tookMs
  }
}

async function measureEdit(
  { world, fleet }: Bench,
  name: string,
  displayName: string,
  pause: (ms: number) => Promise<void>,
): Promise<number> {
  const startedMs = performance.now()
  const ref = { kind: kinds.tenant, name }
  const { metadata } = await world.admin.patch(ref, { type: 'merge', body: { spec: { displayName } } })
  while (fleet.tenant(name)?.status?.observedGeneration !== metadata.generation) await pause(lookMs)
  return performance.now() - startedMs
}

/** The middle and the tail of some figures, for a table. */
export function spread(values: readonly number[], digits = 0): string {
  if (values.length === 0) return 'none'
  const [middle, tail, end] = [0.5, 0.95, 0.99].map((share) => percentile(values, share).toFixed(digits))
  return `p50 ${middle}, p95 ${tail}, p99 ${end}`
}
