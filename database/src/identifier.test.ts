import fc from 'fast-check'
import { expect, test } from 'vitest'
import { quoteIdentifier, quoteLiteral } from './identifier.ts'

// What Postgres' scanner does with a quoted identifier: a doubled quote is a quote, a single one ends it.
function scanIdentifier(sql: string): string | undefined {
  const match = /^"((?:[^"]|"")*)"$/s.exec(sql)
  return match?.[1]?.replaceAll('""', '"')
}

test('S-161 whatever the text, the quoted identifier is one identifier and reads back as that text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 15 }), (name) => {
      fc.pre(!name.includes('\0') && Buffer.byteLength(name) <= 63)
      expect(scanIdentifier(quoteIdentifier(name))).toBe(name)
    }),
    { numRuns: 100_000 },
  )
}, 60_000)

test.each(['', 'a\0b', 'x'.repeat(64), 'é'.repeat(32)])('S-161 %j is refused: Postgres would cut or end it', (name) => {
  expect(() => quoteIdentifier(name)).toThrow('is no Postgres identifier')
})

test.each([
  ['it is', `'it is'`],
  [`it's`, `'it''s'`],
  [`a\\'b`, ` E'a\\\\''b'`],
])('the literal %j is quoted', (text, quoted) => {
  expect(quoteLiteral(text)).toBe(quoted)
})
