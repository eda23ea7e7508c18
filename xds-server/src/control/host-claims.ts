import type { Host } from '@bulkhead/tenancy'

export interface ClaimOutcome {
  /** The hosts that the tenant may publish now. */
  readonly held: ReadonlySet<Host>
  /** Tenants that must be looked at again because of this claim. */
  readonly wake: ReadonlySet<string>
}

interface Claim {
  /** Orders tenants: the smallest wins. */
  readonly rank: string
  readonly hosts: ReadonlySet<Host>
}

/**
 * Proves before publishing that no host is published by two tenants: Envoy would refuse the scopes of everybody. Grants
 * are unique already, so two claims of one host mean that a grant is just moving, or that something is broken; either
 * way the oldest tenant has it, and nobody publishes it before the one who did has let go.
 */
export class HostClaims {
  readonly #claims = new Map<string, Claim>()
  readonly #holders = new Map<Host, string>()
  readonly #claimants = new Map<Host, Set<string>>()

  /** Replaces what a tenant claims. */
  claim(tenant: string, rank: string, hosts: readonly Host[]): ClaimOutcome {
    const before = this.#claims.get(tenant)?.hosts ?? new Set<Host>()
    const now = new Set(hosts)
    this.#claims.set(tenant, { rank, hosts: now })
    const wake = new Set<string>()
    for (const host of before) if (!now.has(host)) this.#drop(tenant, host, wake)
    for (const host of now) this.#claimantsOf(host).add(tenant)
    const held = new Set([...now].filter((host) => this.#take(tenant, host, wake)))
    if (now.size === 0) this.#claims.delete(tenant)
    wake.delete(tenant)
    return { held, wake }
  }

  #take(tenant: string, host: Host, wake: Set<string>): boolean {
    const winner = this.#winner(host)
    const holder = this.#holders.get(host)
    if (winner !== tenant) {
      if (holder === tenant) this.#holders.delete(host)
      if (winner !== undefined && holder === tenant) wake.add(winner)
      return false
    }
    if (holder !== undefined && holder !== tenant) {
      wake.add(holder)
      return false
    }
    this.#holders.set(host, tenant)
    return true
  }

  #drop(tenant: string, host: Host, wake: Set<string>): void {
    const claimants = this.#claimantsOf(host)
    claimants.delete(tenant)
    if (this.#holders.get(host) === tenant) this.#holders.delete(host)
    const next = this.#winner(host)
    if (next !== undefined) wake.add(next)
    if (claimants.size === 0) this.#claimants.delete(host)
  }

  #winner(host: Host): string | undefined {
    const ranked = [...this.#claimantsOf(host)].map((tenant) => ({
      tenant,
      rank: this.#claims.get(tenant)?.rank ?? '',
    }))
    return ranked.sort((left, right) => (left.rank < right.rank ? -1 : 1))[0]?.tenant
  }

  #claimantsOf(host: Host): Set<string> {
    const known = this.#claimants.get(host) ?? new Set<string>()
    this.#claimants.set(host, known)
    return known
  }
}
