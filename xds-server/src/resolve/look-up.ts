import { Resolver } from 'node:dns/promises'
import type { AddressRecord } from './host-addresses.ts'

/** Asks the machine's name servers for the IPv4 addresses of a host; bounded in time, no search list, no hosts file. */
export function createLookUp(): (host: string) => Promise<readonly AddressRecord[]> {
  const resolver = new Resolver({ timeout: 2_000, tries: 2 })
  return (host) => resolver.resolve4(host, { ttl: true })
}
