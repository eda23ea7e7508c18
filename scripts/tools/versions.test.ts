import { expect, test } from 'vitest'
import { isAtLeast, versionIn } from './versions.ts'

test.each([
  ['go1.26.8', [1, 26, 8]],
  ['openjdk version "17.0.15" 2025-04-15', [17, 0, 15]],
  ['openjdk version "25" 2025-09-16', [25]],
  ['3.11', [3, 11]],
  ['nothing', undefined],
])('the version in %j is found', (text, version) => expect(versionIn(text)).toEqual(version))

test.each([
  [[1, 26, 8], [1, 26], true],
  [[1, 26], [1, 26, 1], false],
  [[1, 9], [1, 26], false],
  [[25], [17], true],
  [[2], [1, 26], true],
])('%j at least %j: %s', (version, least, answer) => expect(isAtLeast(version, least)).toBe(answer))
