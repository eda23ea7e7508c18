import type { Problem, Tenant } from '@bulkhead/crds'
import type { Claim } from '@bulkhead/database'
import { canonicalHost, isUnderBaseDomain, tenantHost } from '@bulkhead/tenancy'
import type { Settings } from '../../settings.ts'
import type { Owner } from '../owner.ts'

/** What a tenant asks the registry for. */
export interface WantedGrants {
  readonly claim: Claim
  /** Mistakes in the hostnames: those are not asked for. */
  readonly hostProblems: readonly Problem[]
  /** Where each host that is asked for stands in the object. */
  readonly fieldOfHost: ReadonlyMap<string, string>
}

export function wantGrants(owner: Owner, { spec }: Pick<Tenant, 'spec'>, settings: Settings): WantedGrants {
  const { baseDomain, defaultGuaranteed, reservedHosts } = settings
  const ownHost = tenantHost(owner.name, baseDomain)
  const hostProblems: Problem[] = []
  const fieldOfHost = new Map<string, string>()
  // A tenant may be called like one of the platform's own hosts, and does not get it.
  if (reservedHosts.has(ownHost)) hostProblems.push(hostNotGranted(ownHost, 'metadata.name'))
  else fieldOfHost.set(ownHost, 'metadata.name')
  spec.hostnames.forEach(({ host: text }, index) => {
    const field = `spec.hostnames[${index}].host`
    const host = canonicalHost(text)
    if (host === undefined) {
      hostProblems.push({ reason: 'HostnameInvalid', field, message: `Cannot grant "${text}": it is no host name` })
    } else if (fieldOfHost.has(host)) {
      if (host !== ownHost) hostProblems.push({ reason: 'DuplicateName', field, message: `"${host}" is listed twice` })
    } else if (isUnderBaseDomain(host, baseDomain) || reservedHosts.has(host)) {
      hostProblems.push(hostNotGranted(host, field))
    } else {
      fieldOfHost.set(host, field)
    }
  })
  const { uid, id, name } = owner
  const guaranteed = spec.limits.requestsPerSecond?.guaranteed ?? defaultGuaranteed
  return { claim: { uid, id, name, hosts: [...fieldOfHost.keys()], ownHost, guaranteed }, hostProblems, fieldOfHost }
}

/** The same words whoever holds the host, or nobody: they must not tell. */
export function hostNotGranted(host: string, field: string): Problem {
  return { reason: 'HostnameNotGranted', field, message: `"${host}" is not granted to this tenant` }
}
