/** What a tenant asks the registry for. */
export interface Claim {
  readonly uid: string
  readonly id: string
  readonly name: string
  /** Canonical hosts, the tenant's own among them. */
  readonly hosts: readonly string[]
  /** The host under the base domain: it goes with the name, so its release needs no quarantine. */
  readonly ownHost: string
  readonly guaranteed: number
  /** The deleted incarnation whose data this one takes up: its hosts wait for nobody else. */
  readonly formerUid?: string | undefined
}

export interface HeldHost {
  readonly host: string
  readonly tenantUid: string
  /** Set once it was released: nobody else gets it before. */
  readonly quarantinedUntilMs: number | undefined
}

/** What the registry holds that a claim is judged by. */
export interface Registry {
  /** Every host that is asked for, and every host that the tenant holds. */
  readonly hosts: readonly HeldHost[]
  /** The tenant's own share, when it is registered. */
  readonly guaranteed: number | undefined
  /** The sum of all the others' shares. */
  readonly guaranteedToOthers: number
}

export interface Terms {
  readonly capacity: number
  readonly quarantineMs: number
  readonly nowMs: number
}

export interface Judgement {
  readonly hosts: readonly string[]
  readonly guaranteed: number
  readonly refusedHosts: readonly string[]
  /** How much is missing; 0 when the share is granted. */
  readonly missing: number
  readonly take: readonly string[]
  readonly release: readonly string[]
  /** Whether the registry has to be written. */
  readonly changes: boolean
}

/** First come, first served: what of a claim is granted, and what has to be written for it. */
export function judgeClaim(claim: Claim, registry: Registry, { capacity, nowMs }: Terms): Judgement {
  const heldBy = new Map(registry.hosts.map((held) => [held.host, held]))
  const isOwn = (held: HeldHost | undefined): boolean =>
    held?.tenantUid === claim.uid && held.quarantinedUntilMs === undefined
  const isRefused = (host: string): boolean => {
    const held = heldBy.get(host)
    if (held === undefined || [claim.uid, claim.formerUid].includes(held.tenantUid)) return false
    return held.quarantinedUntilMs === undefined || held.quarantinedUntilMs > nowMs
  }
  const hosts = claim.hosts.filter((host) => !isRefused(host)).toSorted()
  const take = hosts.filter((host) => !isOwn(heldBy.get(host)))
  const release = registry.hosts
    .filter((held) => isOwn(held) && !claim.hosts.includes(held.host))
    .map((held) => held.host)
  const missing = Math.max(0, registry.guaranteedToOthers + claim.guaranteed - capacity)
  // A share that does not fit leaves the tenant with what it has: asking for too much takes nothing away.
  const kept = Math.min(registry.guaranteed ?? 0, claim.guaranteed)
  const guaranteed = missing === 0 ? claim.guaranteed : kept
  return {
    hosts,
    guaranteed,
    refusedHosts: claim.hosts.filter(isRefused).toSorted(),
    missing,
    take,
    release,
    changes: take.length > 0 || release.length > 0 || registry.guaranteed !== guaranteed,
  }
}
