import { BlockList, isIP } from 'node:net'

/** Says which addresses we, or an Envoy on our word, may connect to. */
export interface AddressRanges {
  allows(address: string): boolean
}

// Never allowed, whatever the platform says: this host, link-local (metadata services), the metadata and wire servers
// of clouds that stand elsewhere, multicast, reserved.
const neverAllowed: readonly string[] = [
  '0.0.0.0/8',
  '169.254.0.0/16',
  '100.100.100.200/32',
  '168.63.129.16/32',
  '192.0.0.192/32',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/128',
  'fd00:ec2::/32',
  'fd20:ce::254/128',
  'fe80::/10',
  'ff00::/8',
]
// Not public: shared (CGNAT), loopback, private, protocol assignments, documentation, benchmarks, 6to4 relays.
const notPublicIpv4: readonly string[] = [
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
]
// All that is global is in 2000::/3: so loopback, ULA, site-local, IPv4-mapped and NAT64 need no naming. In it, but not
// to be connected to: Teredo, ORCHID and other protocols, documentation, and 6to4, which wraps any IPv4 address.
const globalIpv6: readonly string[] = ['2000::/3']
const notPublicIpv6: readonly string[] = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20']
// These hold an IPv4 address inside: whatever is allowed, the address has to be written as what it is.
const wrappedIpv4: readonly string[] = ['::ffff:0:0/96', '::ffff:0:0:0/96', '64:ff9b::/96', '64:ff9b:1::/48']

const cidrPattern = /^([0-9a-fA-F.:]+)\/([0-9]{1,3})$/

/** Whether the text is an address range like `203.0.113.0/24`. */
export function isCidr(text: string): boolean {
  const match = cidrPattern.exec(text)
  if (match === null) return false
  const family = isIP(match[1] ?? '')
  return family !== 0 && Number(match[2]) <= (family === 4 ? 32 : 128)
}

/** Whether the text is an IPv4 address in its one dotted form; `127.1` and `0177.0.0.1` are none. */
export function isIpv4Literal(text: string): boolean {
  return isIP(text) === 4 && text.split('.').every((part) => part === String(Number(part)))
}

/** Makes the rules from ranges that `isCidr`; with no range nothing is allowed. Only IPv4 addresses ever are. */
export function addressRanges(allowedCidrs: readonly string[]): AddressRanges {
  const allowed = blockListOf(allowedCidrs)
  const refused = blockListOf(neverAllowed)
  return {
    allows: (address) => isIpv4Literal(address) && allowed.check(address, 'ipv4') && !refused.check(address, 'ipv4'),
  }
}

/** Allows every public address, IPv4 and IPv6, and what stands in the ranges besides. */
export function publicAddresses(alsoAllowedCidrs: readonly string[]): AddressRanges {
  const [also, refused] = [blockListOf(alsoAllowedCidrs), blockListOf(neverAllowed)]
  const [special, global] = [blockListOf([...notPublicIpv4, ...notPublicIpv6]), blockListOf(globalIpv6)]
  const wrapped = blockListOf(wrappedIpv4)
  const allowsIpv4 = (address: string): boolean =>
    !refused.check(address, 'ipv4') && (also.check(address, 'ipv4') || !special.check(address, 'ipv4'))
  const allowsIpv6 = (address: string): boolean =>
    !refused.check(address, 'ipv6') &&
    !wrapped.check(address, 'ipv6') &&
    (also.check(address, 'ipv6') || (global.check(address, 'ipv6') && !special.check(address, 'ipv6')))
  return {
    allows: (address) => (isIpv4Literal(address) ? allowsIpv4(address) : isPlainIpv6(address) && allowsIpv6(address)),
  }
}

// A zone (`%eth0`) names a link of this machine.
function isPlainIpv6(text: string): boolean {
  return isIP(text) === 6 && !text.includes('%')
}

function blockListOf(cidrs: readonly string[]): BlockList {
  const list = new BlockList()
  for (const cidr of cidrs) {
    const [network = '', prefix = ''] = cidr.split('/')
    list.addSubnet(network, Number(prefix), isIP(network) === 4 ? 'ipv4' : 'ipv6')
  }
  return list
}
