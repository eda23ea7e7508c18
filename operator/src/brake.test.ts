import { expect, test } from 'vitest'
import { createDepartures, judgeBrake } from './brake.ts'

const terms = { share: 0.2, minimum: 5, windowMs: 60_000 }
const minute = 60_000
const times = (count: number, atMs = 0) => Array.from({ length: count }, () => atMs)

test('a few deletions are believed in a fleet of any size', () => {
  expect(judgeBrake(0, { atMs: times(5), total: 5 }, terms)).toBeUndefined()
})

test('more than the share at once are held, and fewer are not', () => {
  expect(judgeBrake(0, { atMs: times(20), total: 100 }, terms)).toBeUndefined()
  expect(judgeBrake(0, { atMs: times(21), total: 100 }, terms)).toBe(21)
})

test('what was deleted at another time does not count', () => {
  const atMs = [...times(15), ...times(15, 10 * minute)]
  expect(judgeBrake(0, { atMs, total: 100 }, terms)).toBeUndefined()
})

test('those that are gone already count for a while', () => {
  const departures = createDepartures(minute)
  for (let index = 0; index < 12; index += 1) departures.add(`u${index}`, 0)
  const atMs = [...departures.recent(minute), ...times(12)]
  expect(judgeBrake(0, { atMs, total: 100 }, terms)).toBe(24)
  expect(departures.recent(3 * minute)).toEqual([])
})
