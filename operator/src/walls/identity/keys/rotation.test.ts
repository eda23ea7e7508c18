import { expect, test } from 'vitest'
import { keyComponent, requestOf, signingKeysIn } from './components.ts'
import type { OtherKey, OwnKey } from './components.ts'
import { isRotationAsked, planRotation } from './rotation.ts'
import type { RotationTerms } from './rotation.ts'

const terms: RotationTerms = {
  ...{ now: 10_000, rotateAfter: 5000, overlap: 600, keep: 1000, request: '-', isToldOfAll: true },
}
const signer: OwnKey = {
  ...{ id: 'a', createdAt: 9000, confirmedAt: 9000, keepUntil: undefined, request: '-' },
  ...{ priority: 100, isActive: true, isEnabled: true },
}
const next: OwnKey = { ...signer, id: 'b', createdAt: 9500, confirmedAt: undefined, priority: 50 }
const retired: OwnKey = { ...signer, id: 'c', createdAt: 1000, priority: 0, isActive: false, keepUntil: 11_000 }
const other: OtherKey = { id: 'x', name: 'rsa-generated', isActive: true, isEnabled: true }

const told = (own: readonly OwnKey[], more: Partial<RotationTerms> = {}, others: readonly OtherKey[] = []) =>
  planRotation({ own, others }, { ...terms, ...more }).map((step) => {
    if (step.kind === 'change-key') return `${step.why} ${step.key.id}`
    return 'id' in step ? `${step.kind} ${step.id}` : step.kind
  })

test.each<[string, readonly OwnKey[], Partial<RotationTerms>, readonly string[]]>([
  ['a young key signs on', [signer], {}, []],
  ['a key that signed long enough gets a successor', [signer], { now: 14_000 }, ['publish-key']],
  ['so does one when somebody asks', [signer], { request: 'r1' }, ['publish-key']],
  ['what was asked for once is not made twice', [{ ...signer, request: 'r1' }], { request: 'r1' }, []],
  ['a successor waits until the status has it', [signer, next], { isToldOfAll: false, now: 90_000 }, []],
  ['then its time runs', [signer, next], {}, ['confirm b']],
  ['and does not sign before it is over', [signer, { ...next, confirmedAt: 9600 }], { now: 10_199 }, []],
  ['a successor that everybody has signs', [signer, { ...next, confirmedAt: 9600 }], { now: 10_200 }, ['promote b']],
  ['its predecessor stops at once', [signer, { ...next, confirmedAt: 9600, priority: 100 }], {}, ['retire a']],
  ['an old key stays published for the life of what it signed', [signer, retired], { now: 10_999 }, []],
  ['then it is disabled', [signer, retired], { now: 11_000 }, ['disable c']],
  ['and removed', [signer, { ...retired, isEnabled: false }], { now: 11_000 }, ['remove-key c']],
  [
    'two successors of a lost race become one',
    [signer, next, { ...next, id: 'd' }],
    { isToldOfAll: false },
    ['retire d'],
  ],
  ['a signer that somebody switched off signs again', [{ ...signer, isActive: false }], {}, ['promote a']],
  ['a signer that somebody weakened is strengthened', [{ ...signer, priority: 10 }], {}, ['promote a']],
  ['a signer that somebody strengthened is put back', [{ ...signer, priority: 900 }], {}, ['promote a']],
  ['without any key one is made', [], {}, ['publish-key']],
  [
    'more old keys than Envoy should hold make the next rotation wait',
    [signer, ...Array.from({ length: 7 }, (_, index) => ({ ...retired, id: `r${index}`, keepUntil: 99_999 }))],
    { now: 90_000 },
    [],
  ],
])('%s', (_title, own, more, steps) => expect(told(own, more)).toEqual(steps))

test('a key from before is taken for ours, and one of somebody else stops signing', () => {
  expect(told([], {}, [other])).toEqual(['adopt-other'])
  expect(told([signer], {}, [other])).toEqual(['retire-other'])
  const [step] = planRotation({ own: [signer], others: [other] }, terms)
  expect(step).toMatchObject({ as: { id: 'x', isActive: false, isEnabled: true, keepUntil: 11_000 } })
})

test('all that is decided of a key stands in its component', () => {
  for (const key of [signer, next, retired, { ...signer, request: requestOf('please') }]) {
    const component = { ...keyComponent(key), id: key.id } as never
    expect(signingKeysIn([component])).toEqual({ own: [key], others: [] })
  }
})

test('a request is open until a key was made for it', () => {
  const request = requestOf('please')
  expect(isRotationAsked({ own: [signer], others: [] }, request)).toBe(true)
  expect(isRotationAsked({ own: [{ ...signer, request }], others: [] }, request)).toBe(false)
  expect(isRotationAsked({ own: [signer], others: [] }, requestOf(undefined))).toBe(false)
})
