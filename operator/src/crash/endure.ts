import { deepMessage, pass, settle } from './drive.ts'
import { differences, endStateOf } from './end-state.ts'
import type { CleanRun } from './enumerate.ts'
import { newLife } from './life.ts'
import type { Life } from './life.ts'
import { startProcess } from './process.ts'
import type { OperatorProcess } from './process.ts'
import { createSpoiler } from './spoiler.ts'
import type { Spoiler, Spoils } from './spoiler.ts'
import type { Stage } from './stage.ts'

/** What came of one way of spoiling. */
export interface Endured {
  readonly title: string
  /** How many calls were spoiled. */
  readonly spoiled: number
  /** What is not as it would be otherwise; empty: nothing. */
  readonly problems: readonly string[]
}

interface Started {
  readonly process: OperatorProcess
  readonly spoiler: Spoiler
}

async function start(stage: Stage, life: Life, spoils: Spoils): Promise<Started> {
  const spoiler = createSpoiler({ tenant: life.name }, spoils)
  const begin = () =>
    startProcess(stage, life, {
      rider: spoiler,
      database: (database) => spoiler.database(database),
      death: new AbortController(),
    })
  // Who cannot begin to lead does so again, like the operator.
  return { process: await begin().catch(begin), spoiler }
}

async function withOperator<T>(
  stage: Stage,
  life: Life,
  spoils: Spoils,
  work: (started: Started) => Promise<T>,
): Promise<T> {
  const started = await start(stage, life, spoils)
  try {
    return await work(started)
  } finally {
    await started.spoiler.release()
    await started.process.stop()
  }
}

/** Lets one operator work until nothing is left to do, with everything that was held back let go in the end. */
async function work(stage: Stage, life: Life, { process, spoiler }: Started): Promise<void> {
  const terms = { admin: stage.world.admin, life, countWrites: () => spoiler.effects.length }
  await settle([process], terms)
  await spoiler.release()
  await settle([process], terms)
}

/** One life in which every call of a kind is spoiled once. The process lives on, and has to come to terms with it. */
export async function endure(
  stage: Stage,
  name: string,
  cleanRuns: readonly CleanRun[],
  { title, spoils }: { readonly title: string; readonly spoils: Spoils },
): Promise<Endured> {
  const life = newLife(name)
  let spoiled = 0
  for (const { scenario, endState } of cleanRuns) {
    const failed = (lines: readonly string[]): Endured => ({ title, spoiled, problems: [scenario.title, ...lines] })
    try {
      await scenario.act(stage, life)
      spoiled += await withOperator(stage, life, spoils, async (started) => {
        await work(stage, life, started)
        return started.spoiler.spoiled.size
      })
    } catch (error) {
      return failed([deepMessage(error)])
    }
    const lines = differences(endState, await endStateOf(stage, name, life.incarnations))
    if (lines.length > 0) return failed(lines)
  }
  return { title, spoiled, problems: [] }
}

/** Lets one operator look, with a read spoiled for as long as it lives, and gives what it wrote. */
export async function lookSpoiled(stage: Stage, life: Life, spoils: Spoils, passes = 1): Promise<Started['spoiler']> {
  return withOperator(stage, life, spoils, async ({ process, spoiler }) => {
    for (let count = 1; count <= passes; count += 1) await pass(process, stage.world.admin, life)
    return spoiler
  })
}
