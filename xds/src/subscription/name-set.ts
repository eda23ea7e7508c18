// What each request of the state-of-the-world variant adds and drops, for it only names what is wanted now.

const WILDCARD = '*'

/** The names of one type on one stream. */
export class NameSet {
  readonly #hasWildcard: boolean
  #names: ReadonlySet<string> = new Set()
  #hasNamed = false

  constructor(hasWildcard: boolean) {
    this.#hasWildcard = hasWildcard
  }

  /** Takes in the names of a request. */
  replace(names: readonly string[]): {
    readonly subscribe: readonly string[]
    readonly unsubscribe: readonly string[]
  } {
    if (names.length > 0) this.#hasNamed = true
    // A client that has never named anything means all, where the type knows that; later no name means nothing.
    const isLegacyWildcard = this.#hasWildcard && !this.#hasNamed
    const [before, now] = [this.#names, new Set(isLegacyWildcard ? [WILDCARD] : names)]
    this.#names = now
    return {
      subscribe: [...now].filter((name) => !before.has(name)),
      unsubscribe: [...before].filter((name) => !now.has(name)),
    }
  }
}
