import { afterAll, beforeAll, expect, test } from 'vitest'
import { enumerate, record } from './enumerate.ts'
import type { CleanRun, Trial } from './enumerate.ts'
import { shortLives } from './life.ts'
import { openStage } from './stage.ts'
import type { Stage } from './stage.ts'
import { faultsOf, tableOf } from './table.ts'

// The other crash points are tried with the double of Keycloak. These are the ones at which it is the real one that
// something is left in.
let stage: Stage
beforeAll(async () => {
  stage = await openStage('real')
}, 600_000)
afterAll(() => stage.stop())

test('F-31 F-34 a crash after any write to Keycloak leaves what no crash would have left', async () => {
  const cleanRuns = await record(stage, 'real0', shortLives[0]!)
  const trials = new Map(cleanRuns.map((run) => [run.scenario, trialsOf(run)]))
  const tried = await enumerate({ stage, cleanRuns, trials, concurrency: 2, nameOf: (index) => `real${index}` })
  process.stdout.write(`${tableOf(cleanRuns, tried)}\n`)
  expect(faultsOf(tried)).toEqual([])
  expect(tried.filter(({ trial }) => trial !== undefined).length).toBeGreaterThan(3)
}, 900_000)

// The first of them for two operators as well.
function trialsOf({ effects }: CleanRun): readonly Trial[] {
  const points = effects.filter((effect) => effect.startsWith('keycloak '))
  return points.flatMap((effect, index) => {
    const failpoint = { effect, when: 'after' } as const
    const alone: Trial = { failpoint, leaders: 1 }
    return index === 0 ? [alone, { failpoint, leaders: 2 }] : [alone]
  })
}
