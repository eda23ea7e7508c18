import { expect, test } from 'vitest'
import type { Tried } from './enumerate.ts'
import { briefLife } from './life.ts'
import { faultsOf, tableOf } from './table.ts'

const [scenario] = briefLife
const { title = '' } = scenario ?? {}
const trial = { failpoint: { effect: 'kubernetes POST namespaces #1', when: 'after' }, leaders: 1 } as const
const reached: Tried = { scenario: title, trial, isReached: true, differences: [] }

test('a point that was never reached is a fault, one that only some lives come to is told of', () => {
  const missed = { ...reached, isReached: false }
  expect(faultsOf([reached])).toEqual([])
  expect(faultsOf([missed])).toEqual([expect.stringContaining('never reached')])
  expect(faultsOf([{ ...missed, isChance: true }])).toEqual([])
  const runs = scenario === undefined ? [] : [{ scenario, effects: [], endState: '' }]
  expect(tableOf(runs, [reached, { ...missed, isChance: true }])).toContain('1 points that only some lives come to')
  expect(tableOf(runs, [reached])).not.toContain('only some lives')
})

test('what is left otherwise is a fault, whether the point was reached or not', () => {
  const differences = ['a realm too many']
  expect(faultsOf([{ ...reached, differences }])).toEqual([expect.stringContaining('a realm too many')])
  expect(faultsOf([{ ...reached, isReached: false, isChance: true, differences }])).toHaveLength(1)
})
