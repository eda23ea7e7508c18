import { expect, test } from 'vitest'
import { createSlots } from './slots.ts'

const forever = new AbortController().signal

/** Slots that note who got one, in order. */
function track(count: number, countPerOwner: number) {
  const slots = createSlots({ count, countPerOwner })
  const started: string[] = []
  const releases: (() => void)[] = []
  const ask = async (name: string, owners: Iterable<string>, signal = forever): Promise<void> => {
    releases.push(await slots.take(() => owners, signal))
    started.push(name)
  }
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 3; turn += 1) await Promise.resolve()
  }
  return { ask, started, releases, settle }
}

test("acme's many that never end leave room for globex's few", async () => {
  const { ask, started, settle } = track(4, 2)
  for (let index = 0; index < 200; index += 1) void ask(`acme${index}`, ['acme'])
  void ask('globex', ['globex'])
  await settle()
  expect(started).toEqual(['acme0', 'acme1', 'globex'])
})

test('whose owner holds the fewest is next, and equals go in the order in which they came', async () => {
  const { ask, started, releases, settle } = track(2, 2)
  for (const name of ['acme0', 'acme1', 'acme2']) void ask(name, ['acme'])
  for (const name of ['globex0', 'globex1']) void ask(name, ['globex'])
  await settle()
  for (let turn = 0; turn < 4; turn += 1) {
    releases.shift()?.()
    await settle()
  }
  expect(started).toEqual(['acme0', 'acme1', 'globex0', 'acme2', 'globex1'])
})

test('what two want is charged to the one who holds fewer', async () => {
  const { ask, started, settle } = track(4, 1)
  void ask('acme', ['acme'])
  void ask('both', ['acme', 'globex'])
  await settle()
  expect(started).toEqual(['acme', 'both'])
})

test('who gives up while waiting takes no slot', async () => {
  const { ask, started, releases, settle } = track(1, 1)
  const ended = new AbortController()
  void ask('first', ['acme'])
  const second = ask('second', ['acme'], ended.signal)
  void ask('third', ['acme'])
  await settle()
  ended.abort()
  await expect(second).rejects.toThrow('Nobody waits')
  releases.shift()?.()
  await settle()
  expect(started).toEqual(['first', 'third'])
})
