import fc from 'fast-check'
import { expect, test } from 'vitest'
import { freshnessOf } from './freshness.ts'

const hour = 3_600_000
const life = { staleAfterMs: 24 * hour, withdrawnAfterMs: 7 * 24 * hour }

test.each([
  [0, 'fresh'],
  [24 * hour - 1, 'fresh'],
  [24 * hour, 'stale'],
  [7 * 24 * hour - 1, 'stale'],
  [7 * 24 * hour, 'withdrawn'],
] as const)('F-46 keys that were last seen %i ms ago are %s', (ageMs, expected) => {
  expect(freshnessOf(1_000_000, 1_000_000 + ageMs, life)).toBe(expected)
})

test('a clock that went back makes nothing old', () => expect(freshnessOf(10 * hour, 0, life)).toBe('fresh'))

test('keys never become younger by waiting', () => {
  const order = ['fresh', 'stale', 'withdrawn']
  fc.assert(
    fc.property(fc.nat(1e10), fc.nat(1e10), (age, more) => {
      const [before, after] = [age, age + more].map((ms) => order.indexOf(freshnessOf(0, ms, life)))
      expect(after).toBeGreaterThanOrEqual(before ?? 0)
    }),
  )
})
