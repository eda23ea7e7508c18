import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from '@bulkhead/database'
import type { Parts } from '../parts.ts'
import { createWatcher } from './failpoint.ts'
import type { Failpoint, Watcher } from './failpoint.ts'
import { deepMessage, isWaiting, pass, settle } from './drive.ts'
import { differences, endStateOf } from './end-state.ts'
import { newLife } from './life.ts'
import type { Life, Scenario } from './life.ts'
import { startProcess } from './process.ts'
import type { OperatorProcess } from './process.ts'
import type { Ground, Stage } from './stage.ts'
import { Standstill } from './within.ts'

/** One thing to try: where the process dies, and how many operators start afterwards at the same time. */
export interface Trial {
  readonly failpoint: Failpoint
  /** Where its successor dies as well, if it comes that far. */
  readonly second?: Failpoint
  readonly leaders: 1 | 2
  /** What dies is another operator than ours: one that does wrong on purpose. */
  readonly alter?: (parts: Parts) => Parts
}

/** What a scenario leaves when nothing goes wrong. */
export interface CleanRun {
  readonly scenario: Scenario
  readonly effects: readonly string[]
  readonly endState: string
}

/**
 * How much is tried: everything, or one point out of `every` with one operator and every eighth with two as well, chosen by
 * a seed.
 */
export type Extent = { readonly kind: 'all' } | { readonly kind: 'some'; readonly seed: number; readonly every: number }

/** The trials of a scenario: each effect, before and after, for one operator and for two. */
export function trialsOf({ scenario, effects }: CleanRun, extent: Extent): readonly Trial[] {
  if (scenario.isPreparation === true) return []
  const points = effects.flatMap((effect) => (['before', 'after'] as const).map((when) => ({ effect, when })))
  const isForTwo = (index: number) => extent.kind === 'all' || (index + extent.seed) % 8 === 0
  const isForOne = (index: number) => extent.kind === 'all' || (index + extent.seed) % extent.every === 0
  return points.flatMap((failpoint, index) => [
    ...(isForOne(index) ? [{ failpoint, leaders: 1 as const }] : []),
    ...(isForTwo(index) ? [{ failpoint, leaders: 2 as const }] : []),
  ])
}

interface Started {
  readonly process: OperatorProcess
  readonly watcher: Watcher
}

async function start(stage: Ground, life: Life): Promise<Started> {
  const death = new AbortController()
  const watcher = createWatcher({ tenant: life.name }, undefined, (crash) => death.abort(crash))
  return { process: await startProcess(stage, life, behind(watcher, death)), watcher }
}

function behind(watcher: Watcher, death: AbortController) {
  return { rider: watcher, database: (database: Database) => watcher.database(database), death }
}

/** Lets operators without a failpoint finish what was begun, and gives what they wrote. */
export async function finish(stage: Ground, life: Life, leaders: number): Promise<readonly string[]> {
  const started = await Promise.all(Array.from({ length: leaders }, () => start(stage, life)))
  const written = () => started.flatMap(({ watcher }) => watcher.effects)
  try {
    await settle(
      started.map(({ process }) => process),
      { admin: stage.world.admin, life, countWrites: () => written().length },
    )
    return written()
  } finally {
    await Promise.all(started.map(({ process }) => process.stop()))
  }
}

const mostPasses = 200
const underWayMs = 25

/** Lets one operator work until it dies; gives whether it came to its failpoint. */
export async function crash(stage: Ground, life: Life, { failpoint, alter }: Dying): Promise<boolean> {
  const death = new AbortController()
  const watcher = createWatcher({ tenant: life.name }, failpoint, (reason) => death.abort(reason))
  try {
    const process = await startProcess(stage, life, { ...behind(watcher, death), alter })
    await workUntilDeath(stage, life, { process, watcher })
  } catch (error) {
    // It may have died before it had begun.
    if (!watcher.hasDied() || error instanceof Standstill) throw error
  }
  return watcher.hasDied()
}

type Dying = Pick<Trial, 'failpoint' | 'alter'>

async function workUntilDeath({ world }: Ground, life: Life, { process, watcher }: Started): Promise<void> {
  try {
    for (let round = 1; round <= mostPasses && !watcher.hasDied(); round += 1) {
      const before = [watcher.effects.length, life.era.aheadMs]
      const one = await pass(process, world.admin, life)
      const isUnderWay = await process.isUnderWay()
      if (isUnderWay) await sleep(underWayMs)
      const isQuiet = watcher.effects.length === before[0] && life.era.aheadMs === before[1]
      if (isQuiet && !isUnderWay && !isWaiting(one)) break
    }
  } finally {
    await process.quiet()
    await process.stop()
  }
}

/** Lets a life go through scenarios without any crash, and tells what each leaves. */
export async function record(stage: Stage, name: string, scenarios: readonly Scenario[]): Promise<readonly CleanRun[]> {
  const life = newLife(name)
  const runs: CleanRun[] = []
  for (const scenario of scenarios) {
    await scenario.act(stage, life)
    const effects = await finish(stage, life, 1)
    if (scenario.meanwhile !== undefined) {
      await scenario.meanwhile(stage, life)
      await finish(stage, life, 1)
    }
    runs.push({ scenario, effects, endState: await endStateOf(stage, name, life.incarnations) })
  }
  return runs
}

/** What came of one trial. */
export interface Tried {
  readonly scenario: string
  readonly trial: Trial | undefined
  /** Whether the process came to the point where it was to die. */
  readonly isReached: boolean
  /** It was not reached, and another life without a crash does not come there either. */
  readonly isChance?: boolean
  /** The lines that are not as after the clean run, or why there is no end state; empty: none. */
  readonly differences: readonly string[]
}

export interface Enumeration {
  readonly stage: Stage
  readonly cleanRuns: readonly CleanRun[]
  /** What is to be tried, by scenario. */
  readonly trials: ReadonlyMap<Scenario, readonly Trial[]>
  /** How many tenants live at the same time. */
  readonly concurrency: number
  /** Names tenants that nobody else has. */
  readonly nameOf: (index: number) => string
}

// Whoever finds so many faults has found enough.
const mostDivergent = 20
const mostMisses = 6

/**
 * Tries everything. One tenant's life is one trial of each scenario, one after the other: what a scenario leaves was
 * compared, so the next one begins as it does without a crash.
 */
export async function enumerate(enumeration: Enumeration): Promise<readonly Tried[]> {
  const { cleanRuns, concurrency, nameOf } = enumeration
  const queue = createQueue(enumeration.trials)
  const tried: Tried[] = []
  let lives = 0
  const isTooBad = () => tried.filter(({ differences }) => differences.length > 0).length >= mostDivergent
  const live = async (life: Life): Promise<void> => {
    for (const [index, cleanRun] of cleanRuns.entries()) {
      if (!queue.isLeft(cleanRuns.slice(index))) return
      const trial = queue.take(cleanRun)
      const one = await tryOne(enumeration.stage, life, cleanRun, trial)
      if (!isMissed(one) || !queue.giveBack(cleanRun, one)) tried.push(one)
      if (one.differences.length > 0) return
    }
  }
  const work = async (): Promise<void> => {
    while (queue.isLeft(cleanRuns) && !isTooBad()) {
      lives += 1
      await live(newLife(nameOf(lives)))
    }
  }
  await Promise.all(Array.from({ length: concurrency }, work))
  return tried
}

/**
 * Tells what was never reached by chance from what should have been: how often a status is written, say, hangs on how long
 * a namespace takes to go. One more life without a crash shows which.
 */
export async function withChances(
  stage: Stage,
  name: string,
  cleanRuns: readonly CleanRun[],
  tried: readonly Tried[],
): Promise<readonly Tried[]> {
  if (!tried.some(isMissed)) return tried
  const again = await record(
    stage,
    name,
    cleanRuns.map(({ scenario }) => scenario),
  )
  const effects = new Map(again.map((run) => [run.scenario.title, new Set(run.effects)]))
  const isThere = ({ scenario, trial }: Tried): boolean =>
    trial === undefined || effects.get(scenario)?.has(trial.failpoint.effect) === true
  return tried.map((one) => (isMissed(one) && !isThere(one) ? { ...one, isChance: true } : one))
}

// What is still to be tried, by scenario.
function createQueue(trials: Enumeration['trials']) {
  const left = new Map([...trials].map(([scenario, list]) => [scenario, [...list]]))
  const misses = new Map<Trial, number>()
  return {
    isLeft: (runs: readonly CleanRun[]) => runs.some(({ scenario }) => (left.get(scenario)?.length ?? 0) > 0),
    take: ({ scenario }: CleanRun) => left.get(scenario)?.shift(),
    // Whether something is written can hang on how long a namespace takes to go: then it is tried in another life.
    giveBack: ({ scenario }: CleanRun, { trial }: Tried): boolean => {
      if (trial === undefined) return false
      const count = (misses.get(trial) ?? 0) + 1
      misses.set(trial, count)
      if (count < mostMisses) left.get(scenario)?.push(trial)
      return count < mostMisses
    },
  }
}

function isMissed({ isReached, differences: lines }: Tried): boolean {
  return !isReached && lines.length === 0
}

async function tryOne(
  stage: Stage,
  life: Life,
  { scenario, endState }: CleanRun,
  trial: Trial | undefined,
): Promise<Tried> {
  const told = { scenario: scenario.title, trial }
  let isReached = trial === undefined
  try {
    await scenario.act(stage, life)
    if (trial !== undefined) isReached = await crash(stage, life, trial)
    await scenario.meanwhile?.(stage, life)
    if (trial?.second !== undefined) await crash(stage, life, { failpoint: trial.second })
    await finish(stage, life, trial?.leaders ?? 1)
    const seen = await endStateOf(stage, life.name, life.incarnations)
    return { ...told, isReached, differences: differences(endState, seen) }
  } catch (error) {
    return { ...told, isReached, differences: [deepMessage(error)] }
  }
}
