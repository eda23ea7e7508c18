import { expect, test } from 'vitest'
import type { OwnKey } from './components.ts'
import { rotationDueAt } from './due.ts'
import { planRotation } from './rotation.ts'
import type { RotationTerms } from './rotation.ts'

const terms: RotationTerms = {
  ...{ now: 10_000, rotateAfter: 5000, overlap: 600, keep: 1000, request: '-', isToldOfAll: true },
}
const signer: OwnKey = {
  ...{ id: 'a', createdAt: 9000, confirmedAt: 9000, keepUntil: undefined, request: '-' },
  ...{ priority: 100, isActive: true, isEnabled: true },
}
const next: OwnKey = { ...signer, id: 'b', createdAt: 9500, confirmedAt: 9700, priority: 50 }
const retired: OwnKey = { ...signer, id: 'c', createdAt: 1000, priority: 0, isActive: false, keepUntil: 11_000 }

test.each<[string, readonly OwnKey[], number]>([
  ['a key that signs is looked at when it has signed for long enough', [signer], 14_000],
  ['a successor that nobody confirmed is looked at soon', [signer, { ...next, confirmedAt: undefined }], 10_005],
  ['a successor that was confirmed when its overlap is over', [signer, next], 10_300],
  ['an old key when its time is over', [signer, retired], 11_000],
  ['whatever comes first', [signer, next, retired], 10_300],
  ['an old key whose time is over at once', [signer, { ...retired, keepUntil: 9000 }], 10_005],
])('%s', (_title, own, due) => expect(rotationDueAt({ own, others: [] }, terms)).toBe(due))

test('nothing is due before the time that is told, and something is then', () => {
  for (const own of [[signer], [signer, next], [signer, retired], [signer, next, retired]]) {
    const due = rotationDueAt({ own, others: [] }, terms)
    const at = (now: number) => planRotation({ own, others: [] }, { ...terms, now }).length
    expect([at(due - 1), at(due)]).toEqual([0, 1])
  }
})
