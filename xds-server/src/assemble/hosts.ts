import type { Host } from '@bulkhead/tenancy'

/** A host that more than one group claims. */
export interface DuplicateHost {
  readonly host: Host
  /** The groups, sorted. */
  readonly groups: readonly string[]
}

/**
 * The hosts that more than one group claims, sorted. Two scopes with one key make Envoy refuse every scope there is,
 * so nothing may be published while this is not empty.
 */
export function duplicateHosts(
  groups: Iterable<{ readonly name: string; readonly hosts: readonly Host[] }>,
): readonly DuplicateHost[] {
  const claims = new Map<Host, Set<string>>()
  for (const { name, hosts } of groups)
    for (const host of hosts) {
      const claimed = claims.get(host) ?? new Set()
      claims.set(host, claimed.add(name))
    }
  return [...claims]
    .filter(([, names]) => names.size > 1)
    .map(([host, names]) => ({ host, groups: [...names].sort() }))
    .sort((left, right) => (left.host < right.host ? -1 : 1))
}
