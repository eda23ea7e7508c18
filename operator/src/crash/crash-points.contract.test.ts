import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { enumerate, record, trialsOf, withChances } from './enumerate.ts'
import type { CleanRun, Extent, Trial, Tried } from './enumerate.ts'
import { keptLife, ledLife } from './kept-life.ts'
import { briefLife, externalLife, returningLife, shortLives, standingLife } from './life.ts'
import type { Scenario } from './life.ts'
import { openStage } from './stage.ts'
import type { Stage } from './stage.ts'
import { faultsOf, tableOf, totalOf, triedOf } from './table.ts'
import { storingSecretsLast, withoutFinalizer } from './wrong-operator.ts'

// The real API server and the real Postgres, and the double of Keycloak: what these tests rest on is that it does what
// Keycloak does, and its own contract test says so.
let stage: Stage
beforeAll(async () => {
  stage = await openStage()
}, 600_000)
const lived: (readonly [readonly CleanRun[], readonly Tried[]])[] = []
afterAll(async () => {
  process.stdout.write(`${totalOf(lived)}\n`)
  await stage.stop()
})

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

async function tryAll(
  { name, atOnce }: Lived,
  cleanRuns: readonly CleanRun[],
  extent: Extent,
): Promise<readonly Tried[]> {
  const trials = new Map(cleanRuns.map((run) => [run.scenario, trialsOf(run, extent)]))
  const nameOf = (index: number) => `${name}${index}`
  const all = await enumerate({ stage, cleanRuns, trials, concurrency: atOnce ?? concurrency, nameOf })
  const tried = await withChances(stage, `${name}again`, cleanRuns, all)
  process.stdout.write(`${tableOf(cleanRuns, tried)} (${extent.kind === 'all' ? 'all' : `seed ${extent.seed}`})\n`)
  return tried
}

function expectWhole(cleanRuns: readonly CleanRun[], tried: readonly Tried[], extent: Extent): void {
  expect(faultsOf(tried)).toEqual([])
  for (const run of triedOf(cleanRuns)) {
    const points = tried.filter((one) => one.scenario === run.scenario.title).map(({ trial }) => pointOf(trial))
    expect(new Set(points)).toEqual(new Set([...trialsOf(run, extent).map(pointOf), ...points]))
    expect(run.effects.length).toBeGreaterThan(0)
  }
}

function pointOf(trial: Trial | undefined): string {
  return trial === undefined ? '-' : `${trial.failpoint.when} ${trial.failpoint.effect} ${trial.leaders}`
}

interface Lived {
  readonly whose: string
  readonly name: string
  readonly scenarios: readonly Scenario[]
  readonly every: number
  readonly atOnce?: number
}

const lives: readonly Lived[] = [
  { whose: 'of a tenant with its own issuer', name: 'issuer', scenarios: externalLife, every: 4 },
  { whose: 'of a tenant that is deleted while it is being made', name: 'brief', scenarios: briefLife, every: 4 },
  { whose: 'of a tenant that stands', name: 'standing', scenarios: standingLife, every: 4 },
  { whose: 'of a tenant that is kept as it is to be', name: 'kept', scenarios: keptLife, every: 4 },
  { whose: 'of a tenant whose operator begins to lead', name: 'led', scenarios: ledLife, every: 4, atOnce: 1 },
]
const longest: Lived = {
  ...{ whose: 'of a tenant that goes and comes back', name: 'returning' },
  ...{ scenarios: returningLife, every: 1 },
}

// The last one needs a world that nobody else lives in meanwhile, and changes it.
const tried = isAll ? [...lives.slice(0, -1), longest, ...lives.slice(-1)] : lives
test.each(tried.map((life) => [life.whose, life] as const))(
  'F-31 F-34 D-20 a crash at any write in the life %s leaves what no crash would have left',
  async (_title, life) => {
    const extent = extentOf(life.every)
    const cleanRuns = await record(stage, `${life.name}0`, life.scenarios)
    const tried = await tryAll(life, cleanRuns, extent)
    lived.push([cleanRuns, tried])
    expectWhole(cleanRuns, tried, extent)
  },
  3_600_000,
)

const [[creation]] = shortLives as readonly [readonly [Scenario, Scenario]]
const wrongs = [
  {
    what: 'whose secrets are stored after what they open',
    ...{ name: 'secrets', scenario: creation, alter: storingSecretsLast, isSeenBy: 'stored nowhere' },
  },
  {
    what: 'whose finalizer comes after what it guards',
    ...{ name: 'finalizer', scenario: briefLife[0]!, alter: withoutFinalizer, isSeenBy: 'tenant-{tenant}' },
  },
]

// What shows that a crash leaves nothing has to see it when one does.
test.each(wrongs.map((wrong) => [wrong.what, wrong] as const))(
  'F-31 a crash of an operator %s is told of',
  async (_title, { name, scenario, alter, isSeenBy }) => {
    const cleanRuns = await record(stage, `${name}0`, [scenario])
    const tryOnce = async (which: string, more: Partial<Trial>) => {
      const failpoint = { effect: 'keycloak POST / {realm} #1', when: 'after' } as const
      const trials = new Map([[scenario, [{ failpoint, leaders: 1, ...more } as const]]])
      return enumerate({ stage, cleanRuns, trials, concurrency: 1, nameOf: (index) => `${name}${which}${index}` })
    }
    expect(await tryOnce('right', {})).toMatchObject([{ isReached: true, differences: [] }])
    const [wrong] = await tryOnce('wrong', { alter })
    expect(wrong?.isReached).toBe(true)
    expect(wrong?.differences.join('\n')).toContain(isSeenBy)
  },
)

test('F-33 two crashes, one after the other, leave what no crash would have left', async () => {
  const [scenarios] = shortLives
  const cleanRuns = await record(stage, 'twice0', scenarios!)
  const trials = new Map(cleanRuns.map((run) => [run.scenario, pairsOf(run)]))
  const all = await enumerate({ stage, cleanRuns, trials, concurrency, nameOf: (index) => `twice${index}` })
  const tried = await withChances(stage, 'twiceagain', cleanRuns, all)
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
