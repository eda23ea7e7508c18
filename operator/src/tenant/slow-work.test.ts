import { expect, test } from 'vitest'
import { sampleTenant } from '../testing/samples.ts'
import { isSlow, mostSlow } from './slow-work.ts'

const identity = { realm: 'acme-x', jwks: '{"keys":[]}' }

test.each([
  ['one that was never looked at', {}, true],
  ['one whose keys were never seen', { status: { identity: { realm: 'acme-x' } } }, true],
  ['one that stands', { status: { identity } }, false],
  ['one that goes', { status: { identity }, metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } }, true],
])('%s is slow work: %s', (_title, input, expected) => {
  expect(isSlow(sampleTenant(input))).toBe(expected)
})

test.each([
  [8, 6],
  [4, 2],
  [2, 1],
  [1, 1],
])('of %d workers %d are for slow work', (all, most) => expect(mostSlow(all)).toBe(most))
