import { expect, test } from 'vitest'
import { canonicalHost, isUnderBaseDomain, reservedHeaders } from './index.ts'

test.each([
  ['API.Acme.Example', 'api.acme.example'],
  ['api.acme.example.', 'api.acme.example'],
  ['bücher.example', 'xn--bcher-kva.example'],
  ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
])('S-110 %s is the host %s', (text, host) => expect(canonicalHost(text)).toBe(host))

test.each([
  '*.gw.test',
  '*',
  'test',
  '',
  '.',
  'a..b',
  'b.gw.test:443',
  'user@b.gw.test',
  '[::1]',
  '127.0.0.1',
  '0x7f000001',
  '1.0x7f',
  '-a.test',
  'a_b.test',
  'a b.test',
  'a.test/x',
  'a%2e.test',
  `${'a'.repeat(64)}.test`,
  `${'a.'.repeat(130)}test`,
  'a.test\u0000',
  '__proto__',
])('S-110 S-025 %j is no host', (text) => expect(canonicalHost(text)).toBeUndefined())

test('a host under the base domain is told from one that only ends alike', () => {
  const host = (text: string) => canonicalHost(text)!
  expect(isUnderBaseDomain(host('acme.gw.test'), 'gw.test')).toBe(true)
  expect(isUnderBaseDomain(host('gw.test'), 'gw.test')).toBe(true)
  expect(isUnderBaseDomain(host('evilgw.test'), 'gw.test')).toBe(false)
})

test('reserved headers are lower case and each stands once', () => {
  expect(new Set(reservedHeaders).size).toBe(reservedHeaders.length)
  expect(reservedHeaders.every((name) => name === name.toLowerCase())).toBe(true)
})
