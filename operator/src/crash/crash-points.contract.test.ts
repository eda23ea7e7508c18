import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { enumerate, record, trialsOf } from './enumerate.ts'
import type { CleanRun, Extent, Trial, Tried } from './enumerate.ts'
import { briefLife, externalLife, returningLife, shortLives, standingLife } from './life.ts'
import type { Scenario } from './life.ts'
import { openStage } from './stage.ts'
import type { Stage } from './stage.ts'
import { faultsOf, tableOf } from './table.ts'

// The real API server and the real Postgres, and the double of Keycloak: what these tests rest on is that it does what
// Keycloak does, and its own contract test says so.
let stage: Stage
beforeAll(async () => {
  stage = await openStage()
}, 600_000)
afterAll(() => stage.stop())

const concurrency = 8
const dayMs = 86_400_000
// `make crash` tries everything. Otherwise two operators come to every eighth point, today to these and tomorrow to others;
// a long life is tried at every fourth point, and the longest not at all.
const isAll = inject('crash') === 'all'
const seed = Math.floor(Date.now() / dayMs)
const extentOf = (every: number): Extent => (isAll ? { kind: 'all' } : { kind: 'some', seed, every })

declare module 'vitest' {
  interface ProvidedContext {
    /** How many crash points are tried. */
    readonly crash: 'all' | 'some'
  }
}

async function tryAll(name: string, cleanRuns: readonly CleanRun[], extent: Extent): Promise<readonly Tried[]> {
  const trials = new Map(cleanRuns.map((run) => [run.scenario, trialsOf(run, extent)]))
  const tried = await enumerate({ stage, cleanRuns, trials, concurrency, nameOf: (index) => `${name}${index}` })
  process.stdout.write(`${tableOf(cleanRuns, tried)} (${extent.kind === 'all' ? 'all' : `seed ${extent.seed}`})\n`)
  return tried
}

function expectWhole(cleanRuns: readonly CleanRun[], tried: readonly Tried[], extent: Extent): void {
  expect(faultsOf(tried)).toEqual([])
  for (const run of cleanRuns) {
    const points = tried.filter((one) => one.scenario === run.scenario.title).map(({ trial }) => pointOf(trial))
    expect(new Set(points)).toEqual(new Set([...trialsOf(run, extent).map(pointOf), ...points]))
    expect(run.effects.length).toBeGreaterThan(0)
  }
}

function pointOf(trial: Trial | undefined): string {
  return trial === undefined ? '-' : `${trial.failpoint.when} ${trial.failpoint.effect} ${trial.leaders}`
}

type Lived = readonly [title: string, name: string, scenarios: readonly Scenario[], every: number]

const lives: readonly Lived[] = [
  ['of a tenant with its own issuer', 'issuer', externalLife, 1],
  ['of a tenant that is deleted while it is being made', 'brief', briefLife, 1],
  ['of a tenant that stands', 'standing', standingLife, 4],
]
const longest: Lived = ['of a tenant that goes and comes back', 'returning', returningLife, 1]

test.each(isAll ? [...lives, longest] : lives)(
  'F-31 F-34 D-20 a crash at any write in the life %s leaves what no crash would have left',
  async (_title, name, scenarios, every) => {
    const extent = extentOf(every)
    const cleanRuns = await record(stage, `${name}0`, scenarios)
    expectWhole(cleanRuns, await tryAll(name, cleanRuns, extent), extent)
  },
  1_800_000,
)

test('F-33 two crashes, one after the other, leave what no crash would have left', async () => {
  const [scenarios] = shortLives
  const cleanRuns = await record(stage, 'twice0', scenarios!)
  const trials = new Map(cleanRuns.map((run) => [run.scenario, pairsOf(run)]))
  const tried = await enumerate({ stage, cleanRuns, trials, concurrency, nameOf: (index) => `twice${index}` })
  process.stdout.write(`${tried.length} pairs of crashes\n`)
  expect(faultsOf(tried)).toEqual([])
}, 1_800_000)

// Each point, and another one after it, a prime number of points away.
function pairsOf({ effects }: CleanRun): readonly Trial[] {
  return effects.map((effect, index) => {
    const second = effects[(index + 7) % effects.length] ?? effect
    return { failpoint: { effect, when: 'after' }, second: { effect: second, when: 'before' }, leaders: 1 }
  })
}
