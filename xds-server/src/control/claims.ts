export interface ClaimOutcome<T> {
  /** What the tenant may publish now. */
  readonly held: ReadonlySet<T>
  /** Tenants that must be looked at again because of this claim. */
  readonly wake: ReadonlySet<string>
}

interface Claim<T> {
  /** Orders tenants: the smallest wins. */
  readonly rank: string
  readonly things: ReadonlySet<T>
}

/**
 * Proves before publishing that nothing is published by two tenants: with one host twice Envoy would refuse the scopes
 * of everybody, and with one issuer twice a token would open two doors. Grants are unique already, so two claims mean
 * that a grant is just moving, or that something is broken; either way the tenant of the smallest rank has it, and nobody
 * publishes it before the one who did has let go.
 */
export class Claims<T extends string> {
  readonly #claims = new Map<string, Claim<T>>()
  readonly #holders = new Map<T, string>()
  readonly #claimants = new Map<T, Set<string>>()

  /** Replaces what a tenant claims. */
  claim(tenant: string, rank: string, things: readonly T[]): ClaimOutcome<T> {
    const before = this.#claims.get(tenant)?.things ?? new Set<T>()
    const now = new Set(things)
    this.#claims.set(tenant, { rank, things: now })
    const wake = new Set<string>()
    for (const thing of before) if (!now.has(thing)) this.#drop(tenant, thing, wake)
    for (const thing of now) this.#claimantsOf(thing).add(tenant)
    const held = new Set([...now].filter((thing) => this.#take(tenant, thing, wake)))
    if (now.size === 0) this.#claims.delete(tenant)
    wake.delete(tenant)
    return { held, wake }
  }

  #take(tenant: string, thing: T, wake: Set<string>): boolean {
    const winner = this.#winner(thing)
    const holder = this.#holders.get(thing)
    if (winner !== tenant) {
      if (holder === tenant) this.#holders.delete(thing)
      if (winner !== undefined && holder === tenant) wake.add(winner)
      return false
    }
    if (holder !== undefined && holder !== tenant) {
      wake.add(holder)
      return false
    }
    this.#holders.set(thing, tenant)
    return true
  }

  #drop(tenant: string, thing: T, wake: Set<string>): void {
    const claimants = this.#claimantsOf(thing)
    claimants.delete(tenant)
    if (this.#holders.get(thing) === tenant) this.#holders.delete(thing)
    const next = this.#winner(thing)
    if (next !== undefined) wake.add(next)
    if (claimants.size === 0) this.#claimants.delete(thing)
  }

  #winner(thing: T): string | undefined {
    const ranked = [...this.#claimantsOf(thing)].map((tenant) => ({
      tenant,
      rank: this.#claims.get(tenant)?.rank ?? '',
    }))
    return ranked.sort((left, right) => (left.rank < right.rank ? -1 : 1))[0]?.tenant
  }

  #claimantsOf(thing: T): Set<string> {
    const known = this.#claimants.get(thing) ?? new Set<string>()
    this.#claimants.set(thing, known)
    return known
  }
}
