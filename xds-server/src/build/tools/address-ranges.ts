import { BlockList, isIP } from 'node:net'

/** Says which addresses of External backends Envoy may connect to. */
export interface AddressRanges {
  allows(address: string): boolean
}

// Never a backend, whatever the platform allows: this host, link-local (metadata services), the metadata and wire
// servers of clouds that stand elsewhere, multicast, reserved.
const neverAllowed: readonly string[] = [
  '0.0.0.0/8',
  '169.254.0.0/16',
  '100.100.100.200/32',
  '168.63.129.16/32',
  '192.0.0.192/32',
  '224.0.0.0/4',
  '240.0.0.0/4',
]

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

function blockListOf(cidrs: readonly string[]): BlockList {
  const list = new BlockList()
  for (const cidr of cidrs) {
    const [network = '', prefix = ''] = cidr.split('/')
    list.addSubnet(network, Number(prefix), isIP(network) === 4 ? 'ipv4' : 'ipv6')
  }
  return list
}
