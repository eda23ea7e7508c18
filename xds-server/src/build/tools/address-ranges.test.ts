import { expect, test } from 'vitest'
import { addressRanges, isCidr, isIpv4Literal } from './address-ranges.ts'

const everything = addressRanges(['0.0.0.0/0'])

test.each([
  '169.254.169.254',
  '169.254.0.1',
  '0.0.0.0',
  '224.0.0.1',
  '255.255.255.255',
  '100.100.100.200',
  '168.63.129.16',
])('%s is never allowed, whatever the platform allows', (address) => {
  expect(everything.allows(address)).toBe(false)
})

test('only the ranges that the platform names are allowed', () => {
  const ranges = addressRanges(['203.0.113.0/24', '127.0.0.0/8', '2001:db8::/32'])
  expect(['203.0.113.255', '127.0.0.1'].every((address) => ranges.allows(address))).toBe(true)
  expect(['203.0.114.0', '10.0.0.1', '2001:db8::1'].some((address) => ranges.allows(address))).toBe(false)
  expect(addressRanges([]).allows('203.0.113.1')).toBe(false)
})

test.each(['127.1', '0177.0.0.1', '2130706433', '0x7f.0.0.1', '::ffff:127.0.0.1', '127.0.0.1.', ' 127.0.0.1', ''])(
  'S-110 %j is no address',
  (text) => {
    expect(isIpv4Literal(text)).toBe(false)
    expect(everything.allows(text)).toBe(false)
  },
)

test.each([
  ['10.0.0.0/8', true],
  ['2001:db8::/32', true],
  ['10.0.0.0', false],
  ['10.0.0.0/33', false],
  ['example/8', false],
])('%s is a range: %s', (text, expected) => expect(isCidr(text)).toBe(expected))
