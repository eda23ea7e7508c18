import type { BundleOperation } from '../bundles/data.ts'

/** What the fleet carries beyond everybody's guarantees; what a guarantee takes, the pool loses. */
export class Pool {
  readonly #capacity: number
  readonly #guaranteed = new Map<string, number>()
  #sum = 0
  #told: number | undefined

  constructor(capacityRequestsPerSecond: number) {
    this.#capacity = capacityRequestsPerSecond
  }

  /** Requests per second that are left for all; never below zero. */
  get requestsPerSecond(): number {
    return Math.max(0, this.#capacity - this.#sum)
  }

  /** Notes a tenant's guarantee, and gives the edit that follows, if any. */
  set(tenant: string, guaranteed: number): readonly BundleOperation[] {
    this.#sum += guaranteed - (this.#guaranteed.get(tenant) ?? 0)
    this.#guaranteed.set(tenant, guaranteed)
    return this.#edit()
  }

  /** Forgets a tenant. */
  remove(tenant: string): readonly BundleOperation[] {
    this.#sum -= this.#guaranteed.get(tenant) ?? 0
    this.#guaranteed.delete(tenant)
    return this.#edit()
  }

  #edit(): readonly BundleOperation[] {
    const now = this.requestsPerSecond
    if (now === this.#told) return []
    this.#told = now
    return [{ kind: 'setPool', pool: { requests_per_unit: now, unit: 'SECOND' } }]
  }
}
