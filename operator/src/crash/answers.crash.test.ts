import { postgresFaults } from '@bulkhead/database/testing-faults'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { answersOfReads, spoiledReads, spoiledWrites } from './answers.ts'
import { differences, endStateOf, marksOf } from './end-state.ts'
import { endure, lookSpoiled } from './endure.ts'
import type { Spoils } from './spoiler.ts'
import { finish, record } from './enumerate.ts'
import type { CleanRun } from './enumerate.ts'
import { busyLife, newLife, shortLives } from './life.ts'
import type { Life, Scenario } from './life.ts'
import { openStage } from './stage.ts'
import type { Stage } from './stage.ts'
import { inTurn } from './in-turn.ts'

// What the API server, Keycloak and Postgres answer, and what stands in between says in their place. Whatever it is, the
// operator lives on, and the tenant becomes what it would have become.
let stage: Stage
let cleanRuns: readonly CleanRun[]
beforeAll(async () => {
  stage = await openStage()
  cleanRuns = await record(stage, 'clean', busyLife)
}, 600_000)
afterAll(() => stage.stop())

const concurrency = 6

interface Way {
  readonly title: string
  readonly spoils: Spoils
}

async function endureAll(name: string, ways: readonly Way[]): Promise<void> {
  const endured = await inTurn(concurrency, ways, async (way, index) => {
    const one = await endure(stage, `${name}${index}`, cleanRuns, way)
    process.stdout.write(`${one.title.padEnd(60)}${one.spoiled} spoiled, ${one.problems.length} problems\n`)
    return one
  })
  expect(endured.filter(({ problems }) => problems.length > 0)).toEqual([])
  expect(endured.filter(({ spoiled }) => spoiled === 0)).toEqual([])
}

test(
  'F-34 every write answered late, twice, with a refusal, a page, or not at all leaves what a good answer leaves',
  () =>
    endureAll('write', [
      ...spoiledWrites.map((how) => ({ title: how.title, spoils: { kind: 'writes', how } as const })),
      { title: 'it arrives after it was sent again', spoils: { kind: 'late writes' } },
      ...postgresFaults().map((how) => ({
        title: `Postgres: ${how.title}`,
        spoils: { kind: 'transactions', how } as const,
      })),
    ]),
  1_800_000,
)

// Each read once, the first time that it comes in a life: which of its later times it is makes no difference to whoever
// remembers nothing.
test(
  'F-34 every read and login answered late, twice, with a refusal, a page, or not at all leaves what a good answer leaves',
  () =>
    endureAll('read', [
      ...answersOfReads.map((how) => ({ title: `read: ${how.title}`, spoils: { kind: 'reads', how } as const })),
      ...postgresFaults().map((how) => ({
        title: `Postgres, read: ${how.title}`,
        spoils: { kind: 'looks', how } as const,
      })),
    ]),
  1_800_000,
)

const standing = ['create', 'update', 'subscribe']
const ways = (reads: readonly string[]) => reads.flatMap((read) => spoiledReads.map((how) => ({ read, how })))
const titleOf = ({ read, how }: { readonly read: string; readonly how: { readonly title: string } }) =>
  `${read}: ${how.title}`

async function livesUntil(name: string, titles: readonly string[]): Promise<Life> {
  const life = newLife(name)
  for (const title of titles) await live(life, title)
  return life
}

async function live(life: Life, title: string): Promise<void> {
  await runOf(title).scenario.act(stage, life)
  await finish(stage, life, 1)
}

function runOf(title: string): CleanRun {
  const run = cleanRuns.find(({ scenario }) => scenario.title === title)
  if (run === undefined) throw new Error(`There is no scenario "${title}"`)
  return run
}

// What may be written about a tenant that stands, whatever an answer says of it.
const isTelling = (effect: string) => /PATCH \S+\/status |\/events /.test(effect)

test('a tenant that stands is told of and left alone, whatever is answered to a look at any part of it', async () => {
  const lives = await Promise.all(
    Array.from({ length: concurrency }, (_, index) => livesUntil(`look${index}`, standing)),
  )
  const [first] = lives
  const { reads, effects } = await lookSpoiled(stage, first!, { kind: 'nothing' })
  expect(effects).toEqual([])
  const before = await Promise.all(lives.map((life) => marksOf(stage, life)))
  const free = [...lives]
  const wrong = await inTurn(concurrency, ways([...reads]), async (way) => {
    const life = free.pop()!
    const { effects: written, spoiled } = await lookSpoiled(stage, life, { kind: 'read', ...way })
    await finish(stage, life, 1)
    free.push(life)
    const bad = written.filter((effect) => !isTelling(effect))
    if (spoiled.size === 0) return [`${titleOf(way)}: never asked`]
    return bad.length === 0 ? [] : [`${titleOf(way)}: ${bad.join(', ')}`]
  })
  process.stdout.write(
    `${reads.size} reads × ${spoiledReads.length} answers: ${wrong.length} looks at a tenant that stands\n`,
  )
  expect(wrong.flat()).toEqual([])
  expect(await Promise.all(lives.map((life) => marksOf(stage, life)))).toEqual(before)
}, 1_800_000)

test.each(shortLives.map(([made, gone]) => [gone.title, made, gone] as const))(
  'F-34 nothing is taken for gone that was not seen gone: %s',
  async (_title, made, gone) => {
    const policy = gone.title.replace(/\W/g, '').toLowerCase()
    const [, clean] = await record(stage, `${policy}x`, [made, gone])
    const reads = await readsOfDeletion(`${policy}y`, made, gone)
    const wrong = await inTurn(concurrency, reads, async (read, index) => {
      const life = newLife(`${policy}${index}`)
      await made.act(stage, life)
      await finish(stage, life, 1)
      await gone.act(stage, life)
      for (const how of spoiledReads) await lookSpoiled(stage, life, { kind: 'read', read, how }, 2)
      await finish(stage, life, 1)
      const lines = differences(clean!.endState, await endStateOf(stage, life.name, life.incarnations))
      return lines.length === 0 ? [] : [read, ...lines]
    })
    process.stdout.write(`${reads.length} reads × ${spoiledReads.length} answers while it is deleted\n`)
    expect(wrong.flat()).toEqual([])
  },
  1_800_000,
)

async function readsOfDeletion(name: string, made: Scenario, gone: Scenario): Promise<readonly string[]> {
  const life = newLife(name)
  await made.act(stage, life)
  await finish(stage, life, 1)
  await gone.act(stage, life)
  const { reads } = await lookSpoiled(stage, life, { kind: 'nothing' }, 2)
  await finish(stage, life, 1)
  return [...reads]
}
