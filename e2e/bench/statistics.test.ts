import { expect, test } from 'vitest'
import { percentile, table } from './statistics.ts'

test.each([
  [0.5, 50],
  [0.99, 99],
  [1, 100],
])('the percentile %d of 1 to 100 is %d', (share, value) => {
  expect(
    percentile(
      Array.from({ length: 100 }, (_, index) => index + 1),
      share,
    ),
  ).toBe(value)
})

test('a percentile of nothing is refused', () => expect(() => percentile([], 0.5)).toThrow('nothing'))

test('ratios are against the first line', () => {
  const text = table([
    { name: 'baseline', samplesMs: [10] },
    { name: 'other', samplesMs: [25] },
  ])
  expect(text.split('\n')[2]).toMatch(/2\.5$/)
})
