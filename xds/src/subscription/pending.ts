// Names that wait to be looked at, in turns by group, so that a busy group delays no other.

/** Sets of names by group, taken round-robin. */
export class Pending {
  readonly #groups = new Map<string, Set<string>>()

  get isEmpty(): boolean {
    return this.#groups.size === 0
  }

  get groups(): readonly string[] {
    return [...this.#groups.keys()]
  }

  add(group: string, name: string): void {
    const names = this.#groups.get(group)
    if (names === undefined) this.#groups.set(group, new Set([name]))
    else names.add(name)
  }

  /** Takes one group's names out; what cannot be handled now is added again, behind the other groups. */
  take(group: string): ReadonlySet<string> {
    const names = this.#groups.get(group) ?? new Set()
    this.#groups.delete(group)
    return names
  }

  /** Takes the names of the group that has waited longest. */
  takeNext(): { readonly group: string; readonly names: ReadonlySet<string> } | undefined {
    const group = this.#groups.keys().next()
    return group.done === true ? undefined : { group: group.value, names: this.take(group.value) }
  }
}
