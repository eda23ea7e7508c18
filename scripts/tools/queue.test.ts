import { expect, test } from 'vitest'
import { compilersPerBuild, lane } from './queue.ts'

function heldLane(limit: number) {
  const begun: string[] = []
  const release = new Map<string, () => void>()
  const turn = lane(limit)
  const enter = (name: string, rank: number): Promise<void> =>
    turn(rank, () => {
      begun.push(name)
      return new Promise<void>((resolve) => release.set(name, resolve))
    })
  const finish = async (name: string): Promise<void> => {
    release.get(name)?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { begun, enter, finish }
}

test('no more than the limit run at once, and the lowest rank of those that wait goes next', async () => {
  const { begun, enter, finish } = heldLane(2)
  const all = [enter('first', 5), enter('second', 6), enter('late', 9), enter('early', 1), enter('also early', 1)]
  await finish('none')
  expect(begun).toEqual(['first', 'second'])
  await finish('second')
  expect(begun).toEqual(['first', 'second', 'early'])
  await finish('first')
  await finish('early')
  expect(begun).toEqual(['first', 'second', 'early', 'also early', 'late'])
  await finish('also early')
  await finish('late')
  await Promise.all(all)
})

test('work that fails gives its turn back', async () => {
  const turn = lane(1)
  await expect(turn(0, () => Promise.reject(new Error('no network')))).rejects.toThrow('no network')
  await expect(turn(0, () => Promise.resolve('done'))).resolves.toBe('done')
})

test.each([
  [1, 2, 1],
  [2, 2, 2],
  [8, 2, 6],
  [16, 1, 16],
])('%i cores shared by %i builds: %i compilers each', (cores, builds, compilers) =>
  expect(compilersPerBuild(cores, builds)).toBe(compilers),
)
