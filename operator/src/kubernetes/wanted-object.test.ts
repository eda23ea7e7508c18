import { expect, test } from 'vitest'
import { resourceQuotaKind, roleBindingKind } from './kinds.ts'
import { isSame } from './sameness.ts'
import { repairOf, seeObject } from './wanted-object.ts'
import type { WantedObject } from './wanted-object.ts'

const labels = { 'bulkhead.dev/tenant-uid': 'u1', 'bulkhead.dev/tenant': 'acme' }
const wanted: WantedObject = {
  kind: roleBindingKind,
  body: { metadata: { name: 'b', labels }, roleRef: { name: 'r' }, subjects: [] },
}
const found = (fields: object, foundLabels: Readonly<Record<string, string>> = labels) =>
  seeObject(
    { metadata: { name: 'b', uid: 'x', resourceVersion: '7', labels: foundLabels }, roleRef: { name: 'r' }, ...fields },
    'u1',
  )

test.each([
  ['an object that is not there is created', seeObject(undefined, 'u1'), { kind: 'create' }],
  ['an object of somebody else is left alone', found({}, {}), { kind: 'foreign' }],
  ['an object as wanted is left alone', found({}), { kind: 'none' }],
  ['labels that others added do not matter', found({}, { ...labels, more: 'x' }), { kind: 'none' }],
  ['a label that is gone is put back', found({}, { 'bulkhead.dev/tenant-uid': 'u1' }), { kind: 'mend', uid: 'x' }],
  [
    'what was added where nothing is wanted is taken away, at the version seen',
    found({ subjects: [{ name: 'eve' }] }),
    { kind: 'mend', uid: 'x', surplus: { patch: { subjects: null }, resourceVersion: '7' } },
  ],
  ['a role that differs needs a new binding', found({ roleRef: { name: 'admin' } }), { kind: 'recreate', uid: 'x' }],
])('%s', (_title, seen, repair) => {
  expect(repairOf(wanted, seen)).toEqual(repair)
})

const mend = { kind: 'mend', uid: 'x' }
const without = (hard: object) => ({ ...mend, surplus: { patch: { spec: { hard } }, resourceVersion: '7' } })

test.each([
  ['a changed member is put back', { a: '2' }, mend],
  ['an added member is taken away', { a: '1', b: '2' }, without({ b: null })],
  ['an added member is taken away whatever is in it', { a: '1', c: { d: '3' } }, without({ c: null })],
  ['an empty member is none', { a: '1', c: {} }, { kind: 'none' }],
])('in a map of ours %s', (_title, hard, repair) => {
  const body = { metadata: { name: 'b', labels }, spec: { hard: { a: '1' } } }
  expect(repairOf({ kind: resourceQuotaKind, body }, found({ spec: { hard } }))).toEqual(repair)
})

test.each([
  [{ cpu: '1000m' }, { cpu: '1' }, true],
  [{ memory: '1Gi' }, { memory: '1024Mi' }, true],
  [{ cpu: '1' }, { cpu: '2' }, false],
  [{ a: [] }, {}, true],
  [{ a: 1, b: 2 }, { b: 2, a: 1 }, true],
  [['a', 'b'], ['b', 'a'], false],
  [{ toString: 'x' }, {}, false],
])('%j and %j mean the same: %s', (a, b, same) => {
  expect(isSame(a, b)).toBe(same)
})
