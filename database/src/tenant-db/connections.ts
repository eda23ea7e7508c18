import type { TenantId } from '@bulkhead/tenancy'
import type pg from 'pg'

/** One connection, or the right to open it. It belongs to one tenant for as long as it lives. */
export interface Place {
  readonly tenant: TenantId
  client: pg.Client | undefined
}

export interface ConnectionLimits {
  /** Of all tenants together. */
  readonly maxConnections: number
  /** Of one tenant, so that none can hold them all. */
  readonly maxPerTenant: number
}

interface Waiter {
  readonly tenant: TenantId
  readonly admit: (place: Place) => void
}

/** Has a life: it keeps connections open for the tenant that used them, and closes those of others when it needs room. */
export class Connections {
  readonly #limits: ConnectionLimits
  readonly #busy = new Set<Place>()
  /** The one that was used longest ago comes first. */
  readonly #idle = new Set<Place>()
  readonly #waiting = new Set<Waiter>()

  constructor(limits: ConnectionLimits) {
    this.#limits = limits
  }

  /** Waits for a place of the tenant's own, in the order in which they were asked for. */
  async take(tenant: TenantId, signal: AbortSignal): Promise<Place> {
    signal.throwIfAborted()
    const place = this.#tryTake(tenant)
    if (place !== undefined) return place
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.delete(waiter)
        reject(signal.reason instanceof Error ? signal.reason : new Error('Stopped', { cause: signal.reason }))
      }
      const waiter: Waiter = {
        tenant,
        admit: (admitted) => {
          signal.removeEventListener('abort', leave)
          resolve(admitted)
        },
      }
      this.#waiting.add(waiter)
      signal.addEventListener('abort', leave, { once: true })
    })
  }

  /** Takes the place back: kept for the same tenant when it is clean, else closed. */
  give(place: Place, isClean: boolean): void {
    this.#busy.delete(place)
    if (isClean && place.client !== undefined) this.#idle.add(place)
    else void closed(place)
    this.#serve()
  }

  /** Forgets a connection that ended by itself while nobody used it. */
  ended(place: Place): void {
    if (this.#idle.delete(place)) this.#serve()
  }

  /** Closes what is idle; what is busy is closed by whoever uses it. */
  async close(): Promise<void> {
    const idle = [...this.#idle]
    this.#idle.clear()
    await Promise.all(idle.map(closed))
  }

  #tryTake(tenant: TenantId): Place | undefined {
    const isOwn = (place: Place): boolean => place.tenant === tenant
    const idle = [...this.#idle].findLast(isOwn)
    if (idle !== undefined) {
      this.#idle.delete(idle)
      this.#busy.add(idle)
      return idle
    }
    if ([...this.#busy].filter(isOwn).length >= this.#limits.maxPerTenant) return undefined
    if (this.#busy.size + this.#idle.size >= this.#limits.maxConnections && !this.#makeRoom()) return undefined
    const place: Place = { tenant, client: undefined }
    this.#busy.add(place)
    return place
  }

  #makeRoom(): boolean {
    const [oldest] = this.#idle
    if (oldest === undefined) return false
    this.#idle.delete(oldest)
    void closed(oldest)
    return true
  }

  #serve(): void {
    for (const waiter of this.#waiting) {
      const place = this.#tryTake(waiter.tenant)
      if (place === undefined) continue
      this.#waiting.delete(waiter)
      waiter.admit(place)
    }
  }
}

// Whether the server heard of the end is nothing to whoever goes on.
async function closed({ client }: Place): Promise<void> {
  await client?.end().catch(() => undefined)
}
