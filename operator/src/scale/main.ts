// `make bench-scale`: a thousand Tenants at once against a real API server, a real Postgres and a double of Keycloak that
// takes as long as the real one. Tells how it goes every two seconds and prints a table; with --json FILE the figures too.
// Options: --tenants N, --keycloak double|real, --events N (random events for the heap), --resync SECONDS.
import { spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { cpus, totalmem } from 'node:os'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { realisticLatency } from '@bulkhead/identity/testing'
import type { DoubleCall, Verdict } from '@bulkhead/identity/testing'
import { systemClock } from '@bulkhead/runtime'
import { startOperatorProcess } from '../testing/process.ts'
import { startWorld } from '../testing/world.ts'
import type { World } from '../testing/world.ts'
import { peakMiB } from './figures.ts'
import { namesOf, watchFleet } from './fleet.ts'
import { measureOnboarding, measureOwnShare, spread } from './onboarding.ts'
import type { Bench } from './onboarding.ts'
import { measureDrift, measureGrowth, measureIdle } from './steady.ts'

const root = resolve(import.meta.dirname, '../../..')
const singles = 20
const growthTenants = 50
const defaultResyncSeconds = 1200
const readyTimeoutMs = 60_000
const stopper = new AbortController()
process.once('SIGINT', () => stopper.abort(new Error('interrupted')))
const { signal } = stopper
const log = (line: string) => console.log(`  ${line}`)

const { values } = parseArgs({
  options: {
    tenants: { type: 'string' },
    keycloak: { type: 'string', default: 'double' },
    events: { type: 'string', default: '10000' },
    resync: { type: 'string', default: '120' },
    json: { type: 'string' },
  },
})
const isDouble = values.keycloak !== 'real'
const tenants = Number(values.tenants ?? (isDouble ? 1000 : 50))
const resyncSeconds = Number(values.resync)
const processSettings = { capacityRequestsPerSecond: 100_000 }

async function ready(operator: Bench['operator']): Promise<void> {
  const deadlineMs = performance.now() + readyTimeoutMs
  while ((await operator.page('/readyz')).status !== 200) {
    if (performance.now() > deadlineMs) throw new Error(`The operator is not ready; it said:\n${operator.output()}`)
    await systemClock.sleep(200, signal)
  }
}

/** The part that a process of its own does. */
async function onboard(world: World) {
  const operator = await startOperatorProcess(world, { ...processSettings, resyncSeconds: defaultResyncSeconds })
  const fleet = await watchFleet(world.admin)
  const bench: Bench = { world, operator, fleet, log, signal }
  try {
    await ready(operator)
    log(`${singles} Tenants, one after another`)
    const ownShareMs = await measureOwnShare(bench, singles)
    log(`own share of one Tenant: ${spread(ownShareMs)} ms`)
    if (isDouble) await fleet.create(['black-hole'])
    const onboarding = await measureOnboarding(bench, tenants)
    const hangs = world.double?.calls.some((call) => isHanging(call) === 'hang' && call.ended === undefined) === true
    return { ownShareMs, onboarding, hangs, peakMiB: await peakMiB(operator.pid) }
  } finally {
    await fleet.stop()
    await operator.end()
  }
}

async function stand(world: World) {
  const all = tenants + singles
  const measure = async <T>(seconds: number, work: (bench: Bench) => Promise<T>): Promise<T> => {
    const operator = await startOperatorProcess(world, { ...processSettings, resyncSeconds: seconds })
    const fleet = await watchFleet(world.admin)
    try {
      await ready(operator)
      return await work({ world, operator, fleet, log, signal })
    } finally {
      await fleet.stop()
      await operator.end()
    }
  }
  const idleShare = await measure(defaultResyncSeconds, (bench) => measureIdle(bench, all))
  const drift = await measure(resyncSeconds, (bench) => measureDrift(bench, { tenants: all, resyncSeconds, idleShare }))
  return { ...drift, idleShare }
}

async function grow() {
  log(`${values.events} random events`)
  const world = await startWorld({ keycloak: 'double' })
  const stop = world.run()
  const fleet = await watchFleet(world.admin)
  try {
    const names = namesOf('grow', growthTenants)
    await fleet.create(names)
    await fleet.standing(names, signal)
    return await measureGrowth(world, names, Number(values.events), signal)
  } finally {
    await fleet.stop()
    await stop()
    await world.stop()
  }
}

async function run(): Promise<void> {
  const { stdout } = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' })
  const machine = `${cpus().length} cores, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, commit ${stdout.trim() || 'unknown'}`
  const hangs = { latency: realisticLatency, onCall: isHanging }
  const world = await startWorld(isDouble ? { keycloak: 'double', double: hangs } : {})
  try {
    const made = await onboard(world)
    world.double?.forget()
    const steady = await stand(world)
    const growth = Number(values.events) > 0 ? await grow() : undefined
    const { onboarding } = made
    const atDefault = (steady.cpuMsPerCheck * 1000) / defaultResyncSeconds / 1000
    const rows: readonly (readonly [string, string])[] = [
      ['Tenants at once', `${onboarding.tenants}, all stand after ${onboarding.totalSeconds.toFixed(0)} s`],
      [
        'Tenant → walls True, s',
        spread(
          onboarding.onboardingMs.map((ms) => ms / 1000),
          1,
        ),
      ],
      ["operator's own share of one, ms", spread(made.ownShareMs)],
      ['edit of a standing Tenant meanwhile, ms', spread(onboarding.editMs)],
      ['wait in the queue, s', `p50 ≤ ${onboarding.queueWaitSeconds.p50}, p95 ≤ ${onboarding.queueWaitSeconds.p95}`],
      ['a realm that nobody answers for meanwhile', made.hangs ? 'one, to the end; nobody waited for it' : 'none'],
      ['memory of the operator, MiB', `${made.peakMiB.toFixed(0)} at most, ${steady.residentMiB.toFixed(0)} standing`],
      ['one look for drift, CPU ms', `${steady.cpuMsPerCheck.toFixed(1)} (${steady.checks} looks)`],
      [
        'of a core for 1,000 Tenants',
        `${(100 * atDefault).toFixed(2)} % looks, ${(100 * steady.idleShare).toFixed(2)} % idle`,
      ],
      ['heap after random events, MiB', growth === undefined ? 'not measured' : growthText(growth)],
    ]
    console.log(`\n${machine}, Keycloak: ${isDouble ? 'the double' : 'real'}`)
    for (const [what, figure] of rows) console.log(`${what.padEnd(42)} ${figure}`)
    const figures = { machine, keycloak: values.keycloak, ...made, steady, growth }
    if (values.json !== undefined) await writeFile(values.json, JSON.stringify(figures, undefined, 2))
  } finally {
    await world.stop()
  }
}

function growthText({ events, beforeMiB, afterMiB }: Awaited<ReturnType<typeof grow>>): string {
  return `${afterMiB.toFixed(1)}, ${beforeMiB.toFixed(1)} before ${events} events`
}

// The making of one realm is a black hole: nobody ever answers.
function isHanging({ route, realm }: DoubleCall): Verdict {
  return route === 'POST /admin/realms' && realm?.startsWith('black-hole-') === true ? 'hang' : 'pass'
}

await run()
