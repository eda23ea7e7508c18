/** What a tenant asks the registry for. */
export interface Claim {
  readonly uid: string
  readonly id: string
  readonly name: string
  /** Canonical hosts, the tenant's own among them unless it is reserved; there may be none. */
  readonly hosts: readonly string[]
  /** The host under the base domain: it goes with the name, so its release needs no quarantine. */
  readonly ownHost: string
  readonly guaranteed: number
  /** An issuer of the tenant's own, in its normal form: it belongs to one tenant. */
  readonly issuer?: string | undefined
  /** The deleted incarnation whose data this one takes up: its hosts wait for nobody else. */
  readonly formerUid?: string | undefined
  /** Where its realm and its schema were seen, for a registry that does not know the tenant. */
  readonly standingOn?: { readonly identity: string | undefined; readonly database: string | undefined } | undefined
}

export interface HeldHost {
  readonly host: string
  readonly tenantUid: string
  /** Set once it was released: nobody else gets it before. */
  readonly quarantinedUntilMs: number | undefined
}

export interface HeldIssuer {
  readonly issuer: string
  readonly tenantUid: string
}

/** What the registry holds that a claim is judged by. */
export interface Registry {
  /** Every host that is asked for, and every host that the tenant holds. */
  readonly hosts: readonly HeldHost[]
  /** The issuer that is asked for, when somebody holds it, and the one that the tenant holds. */
  readonly issuers: readonly HeldIssuer[]
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
  /** When the first of them that is in quarantine can be asked for again. */
  readonly nextFreeMs?: number | undefined
  /** How much is missing; 0 when the share is granted. */
  readonly missing: number
  readonly take: readonly string[]
  readonly release: readonly string[]
  readonly issuer: IssuerJudgement
  /** Whether the registry has to be written. */
  readonly changes: boolean
}

/** What becomes of the issuer that is asked for. */
export interface IssuerJudgement {
  /** What the tenant holds from now on. */
  readonly granted: string | undefined
  readonly isRefused: boolean
  readonly take: boolean
  readonly release: readonly string[]
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
  const refusedHosts = claim.hosts.filter(isRefused).toSorted()
  const take = hosts.filter((host) => !isOwn(heldBy.get(host)))
  const release = registry.hosts
    .filter((held) => isOwn(held) && !claim.hosts.includes(held.host))
    .map((held) => held.host)
  const missing = Math.max(0, registry.guaranteedToOthers + claim.guaranteed - capacity)
  // A share that does not fit leaves the tenant with what it has: asking for too much takes nothing away.
  const issuer = judgeIssuer(claim, registry.issuers)
  const kept = Math.min(registry.guaranteed ?? 0, claim.guaranteed)
  const guaranteed = missing === 0 ? claim.guaranteed : kept
  const isNewShare = registry.guaranteed !== guaranteed
  return {
    hosts,
    guaranteed,
    refusedHosts,
    nextFreeMs: earliest(refusedHosts.map((host) => heldBy.get(host)?.quarantinedUntilMs)),
    missing,
    take,
    release,
    issuer,
    changes: [take, release, issuer.release].some((list) => list.length > 0) || issuer.take || isNewShare,
  }
}

function earliest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}

// An issuer that is refused leaves the tenant with the one that it has: that one is served until another is granted.
function judgeIssuer({ uid, issuer, formerUid }: Claim, issuers: readonly HeldIssuer[]): IssuerJudgement {
  const own = issuers.filter(({ tenantUid }) => tenantUid === uid).map((held) => held.issuer)
  if (issuer === undefined) return { granted: undefined, isRefused: false, take: false, release: own }
  const holder = issuers.find((held) => held.issuer === issuer)?.tenantUid
  const isRefused = holder !== undefined && holder !== uid && holder !== formerUid
  if (isRefused) return { granted: own[0], isRefused, take: false, release: own.slice(1) }
  return { granted: issuer, isRefused, take: holder !== uid, release: own.filter((held) => held !== issuer) }
}
