// Which names of one type a client wants, by the rules for `*` and for the requests that never say it.

/** What one request changed. */
export interface InterestChange {
  readonly added: readonly string[]
  readonly dropped: readonly string[]
  readonly gainedWildcard: boolean
  readonly lostWildcard: boolean
}

const WILDCARD = '*'

/** The interest of one client in one type. */
export class Interest {
  readonly #hasWildcard: boolean
  readonly #names = new Set<string>()
  #isWildcard = false
  #isFirst = true

  constructor(hasWildcard: boolean) {
    this.#hasWildcard = hasWildcard
  }

  get isWildcard(): boolean {
    return this.#isWildcard
  }

  get size(): number {
    return this.#names.size
  }

  /** The names that were asked for one by one. */
  get names(): Iterable<string> {
    return this.#names
  }

  wants(name: string): boolean {
    return this.#isWildcard || this.#names.has(name)
  }

  forget(name: string): void {
    this.#names.delete(name)
  }

  /** Takes in what a request adds and drops. */
  apply(subscribe: readonly string[], unsubscribe: readonly string[]): InterestChange {
    const wasWildcard = this.#isWildcard
    // A client that never names anything means all, where the type knows that.
    if (this.#isFirst && subscribe.length === 0 && this.#hasWildcard) this.#isWildcard = true
    this.#isFirst = false
    const added = [...new Set(subscribe)].filter((name) => !this.#takeWildcard(name, true))
    for (const name of added) this.#names.add(name)
    const dropped = unsubscribe.filter((name) => !this.#takeWildcard(name, false) && this.#names.delete(name))
    return {
      added,
      dropped,
      gainedWildcard: !wasWildcard && this.#isWildcard,
      lostWildcard: wasWildcard && !this.#isWildcard,
    }
  }

  #takeWildcard(name: string, value: boolean): boolean {
    if (name !== WILDCARD || !this.#hasWildcard) return false
    this.#isWildcard = value
    return true
  }
}
