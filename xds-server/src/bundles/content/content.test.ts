import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalJson } from './canonical-json.ts'
import { dataPath, mergeChanges, patchJson } from './patch.ts'
import { parseRevision, revisionText } from './revision.ts'

test('a revision is read back as it was written', () => {
  const revision = { incarnation: 'm3x9', sequence: 42, digest: 'a'.repeat(32) }
  expect(parseRevision(revisionText(revision))).toEqual(revision)
})

test.each(['', 'latest', 'one-1', `one-x-${'a'.repeat(32)}`, `one-1-${'a'.repeat(31)}`, `one-1-${'A'.repeat(32)}`])(
  'the text "%s" is no revision',
  (text) => expect(parseRevision(text)).toBeUndefined(),
)

test('a path that came and went again is left out of the patch', () => {
  const came = { path: '/a', existed: false, text: '1' }
  const went = { path: '/a', existed: true, text: undefined }
  expect(mergeChanges([[came], [went]])).toEqual([])
  expect(mergeChanges([[went], [came]])).toEqual([{ path: '/a', existed: true, text: '1' }])
})

test('a patch says what OPA understands', () => {
  const changes = [
    { path: dataPath('bulkhead', 'issuers', 'https://a/~b%2F'), existed: false, text: '"x"' },
    { path: '/bulkhead/tenants/y', existed: true, text: undefined },
  ]
  expect(JSON.parse(patchJson(changes))).toEqual({
    data: [
      { op: 'upsert', path: '/bulkhead/issuers/https:~1~1a~1~0b%252F', value: 'x' },
      { op: 'remove', path: '/bulkhead/tenants/y' },
    ],
  })
})

test('equal values have equal texts, whatever the order of their members', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
      const reversed = Object.fromEntries(Object.entries(value).reverse())
      expect(canonicalJson(reversed)).toBe(canonicalJson(value))
      expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)))
    }),
  )
})
