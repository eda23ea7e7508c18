import { expect, test } from 'vitest'
import { createDoubts, doubtMs } from './doubt.ts'

test('a list that names a Subscription is believed at once', () => {
  expect(createDoubts().believes('u1', 1, 0)).toBe(true)
})

test('a list that names none is believed only when it is empty again some time later', () => {
  const doubts = createDoubts()
  expect([0, 1, doubtMs - 1, doubtMs].map((nowMs) => doubts.believes('u1', 0, nowMs))).toEqual([
    ...[false, false, false],
    true,
  ])
  expect(doubts.believes('u2', 0, doubtMs), "another tenant's list says nothing").toBe(false)
})

test('a list that was empty for a moment is doubted anew', () => {
  const doubts = createDoubts()
  doubts.believes('u1', 0, 0)
  expect(doubts.believes('u1', 3, 1000)).toBe(true)
  expect(doubts.believes('u1', 0, doubtMs)).toBe(false)
})
