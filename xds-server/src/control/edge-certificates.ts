import { TYPE_URLS, encode, makeResource } from '@bulkhead/envoy'
import type { EncodedResource } from '@bulkhead/envoy'
import type { Host } from '@bulkhead/tenancy'
import type { EdgeCertificate } from '../certificates/edge-certificate.ts'

export type { EdgeCertificate }

/** One secret for each host that a certificate stands for, named by the host: what Envoy asks for by server name. */
export function secretsFor(
  hosts: readonly Host[],
  certificates: readonly EdgeCertificate[],
): readonly EncodedResource[] {
  return hosts.flatMap((host) => {
    const found = certificates.find((certificate) => certificate.hosts.some((pattern) => covers(pattern, host)))
    return found === undefined ? [] : [secret(host, found)]
  })
}

/** Whether a certificate's pattern stands for a host. */
export function covers(pattern: string, host: Host): boolean {
  if (!pattern.startsWith('*.')) return pattern === host
  const suffix = pattern.slice(1)
  // As in TLS: the star stands for exactly one label.
  return host.endsWith(suffix) && !host.slice(0, -suffix.length).includes('.')
}

function secret(name: string, { cert, key }: EdgeCertificate): EncodedResource {
  const type = 'envoy.extensions.transport_sockets.tls.v3.Secret'
  const tlsCertificate = { certificateChain: { inlineString: cert }, privateKey: { inlineString: key } }
  return makeResource(TYPE_URLS.secret, name, encode(type, { name, tlsCertificate }))
}
