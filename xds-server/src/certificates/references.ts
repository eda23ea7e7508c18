import type { Tenant } from '@bulkhead/crds'
import { canonicalHost, namespaceOf, parseTenantName, tenantId } from '@bulkhead/tenancy'
import type { Host } from '@bulkhead/tenancy'

/** A host whose Tenant names a Secret for it. */
export interface CertificateReference {
  readonly host: Host
  /** Where it stands in the Tenant. */
  readonly field: string
  readonly namespace: string
  readonly secret: string
}

/**
 * The Secrets that a Tenant names, of hosts that are granted to it and to nobody else, in the namespace that the operator
 * made for this very incarnation: nothing else is ever read.
 */
export function certificateReferences({ metadata, spec, status }: Tenant): readonly CertificateReference[] {
  const name = parseTenantName(metadata.name)
  if (name === undefined || status === undefined) return []
  const namespace = namespaceOf(name)
  if (status.namespace !== namespace || status.id !== tenantId(metadata.uid)) return []
  const granted = new Set(status.granted?.hostnames?.map(canonicalHost))
  const all = spec.hostnames.flatMap(({ host: text, certificateRef }, index): readonly CertificateReference[] => {
    const host = canonicalHost(text)
    if (host === undefined || certificateRef === undefined || !granted.has(host)) return []
    return [{ host, field: `spec.hostnames[${index}].certificateRef`, namespace, secret: certificateRef.name }]
  })
  // A host that stands twice is refused the second time, as the operator does when it grants.
  return all.filter(({ host }, index) => all.findIndex((other) => other.host === host) === index)
}
