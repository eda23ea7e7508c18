import fc from 'fast-check'
import { expect, test } from 'vitest'
import { backoffMs } from './backoff.ts'

test('the wait doubles until the cap, without jitter', () => {
  const waits = [0, 1, 2, 3, 4].map((attempt) => backoffMs(attempt, { baseMs: 100, maxMs: 500, random: () => 1 }))
  expect(waits).toEqual([100, 200, 400, 500, 500])
})

test('the wait stays between half the step and the cap, for any attempt and any random number', () => {
  fc.assert(
    fc.property(fc.nat(5_000), fc.double({ min: 0, max: 0.999_999, noNaN: true }), (attempt, random) => {
      const waitMs = backoffMs(attempt, { baseMs: 1_000, maxMs: 300_000, random: () => random })
      expect(waitMs).toBeGreaterThanOrEqual(Math.min(300_000, 1_000 * 2 ** attempt) / 2)
      expect(waitMs).toBeLessThanOrEqual(300_000)
    }),
  )
})
