import { expect, test } from 'vitest'
import { addressRanges, isCidr, isIpv4Literal, publicAddresses } from './address-ranges.ts'

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

const publicOnly = publicAddresses([])

test.each(['8.8.8.8', '93.184.215.14', '2606:2800:21f:cb07:6820:80da:af6b:8b2c', '2a00:1450:4001:80b::200e'])(
  'the public address %s is allowed',
  (address) => expect(publicOnly.allows(address)).toBe(true),
)

test.each([
  ...['127.0.0.1', '127.255.255.254', '0.0.0.0', '10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1'],
  ...['169.254.169.254', '100.64.0.1', '100.100.100.200', '168.63.129.16', '192.0.0.192', '192.0.2.1', '198.18.0.1'],
  ...['198.51.100.7', '203.0.113.7', '192.88.99.1', '224.0.0.1', '239.255.255.250', '240.0.0.1', '255.255.255.255'],
  ...['::', '::1', '::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:8.8.8.8', '::127.0.0.1', '::ffff:0:10.0.0.1'],
  ...['64:ff9b::a9fe:a9fe', '64:ff9b:1::1', '100::1', '2001::1', '2001:db8::1', '2002:7f00:1::', '3fff::1'],
  ...['fc00::1', 'fd00:ec2::254', 'fd20:ce::254', 'fe80::1', 'fe80::1%eth0', 'fec0::1', 'ff02::1', '2a00::1%eth0'],
])('S-178 %s is not public', (address) => expect(publicOnly.allows(address)).toBe(false))

test('S-178 what the platform adds never reaches metadata servers, multicast, or what wraps another address', () => {
  const wide = publicAddresses(['0.0.0.0/0', '::/0'])
  expect(['127.0.0.1', '::1', '10.0.0.1', 'fd12::1', '203.0.113.7'].every((address) => wide.allows(address))).toBe(true)
  const never = ['169.254.169.254', '100.100.100.200', 'fd00:ec2::254', 'fe80::1', 'ff02::1', '224.0.0.1', '0.0.0.0']
  const wraps = ['::ffff:127.0.0.1', '64:ff9b::7f00:1', '::ffff:0:7f00:1']
  expect([...never, ...wraps].filter((address) => wide.allows(address))).toEqual([])
})

test('the platform may open a range of its own network', () => {
  const own = publicAddresses(['10.7.0.0/16', '127.0.0.1/32'])
  expect(['10.7.3.1', '127.0.0.1', '8.8.8.8'].every((address) => own.allows(address))).toBe(true)
  expect(['10.8.0.1', '127.0.0.2', '::1'].some((address) => own.allows(address))).toBe(false)
})
