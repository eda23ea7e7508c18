import { expect, test } from 'vitest'
import { literal } from './values.ts'

test.each([
  ['%REQ(authorization)%', '%%REQ(authorization)%%'],
  ['%ENVIRONMENT(TOKEN)%', '%%ENVIRONMENT(TOKEN)%%'],
  ['%REQ(X', '%%REQ(X'],
  ['100 %', '100 %%'],
  ['plain', 'plain'],
])('S-121 the header value "%s" stays text for Envoy', (text, escaped) => {
  expect(literal(text)).toBe(escaped)
})
