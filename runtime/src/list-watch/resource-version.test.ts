import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isOlder } from './resource-version.ts'

test('S-197 resource versions of any length are ordered like the numbers that they are', () => {
  const version = fc.bigInt({ min: 1n, max: 2n ** 80n })
  fc.assert(fc.property(version, version, (a, b) => isOlder(String(a), String(b)) === a < b))
})

test.each([
  [undefined, '5'],
  ['5', undefined],
  ['', '5'],
  ['abc', '5'],
  ['5', 'abc'],
  ['0', '5'],
  ['05', '6'],
  ['-1', '5'],
])('%j and %j cannot be ordered, so neither is older', (a, b) => expect(isOlder(a, b)).toBe(false))
