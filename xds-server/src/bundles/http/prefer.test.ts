import { expect, test } from 'vitest'
import { parsePrefer } from './prefer.ts'

test.each([
  ['modes=snapshot,delta;wait=30', { acceptsDelta: true, waitMs: 30_000 }],
  ['modes=snapshot; wait=5', { acceptsDelta: false, waitMs: 5_000 }],
  ['wait=100000', { acceptsDelta: false, waitMs: 60_000 }],
  ['wait=-1', { acceptsDelta: false, waitMs: 0 }],
  ['wait=soon;modes=DELTA', { acceptsDelta: true, waitMs: 0 }],
  ['', { acceptsDelta: false, waitMs: 0 }],
  [undefined, { acceptsDelta: false, waitMs: 0 }],
])('the preference %s is understood', (header, expected) => {
  expect(parsePrefer(header)).toEqual(expected)
})
