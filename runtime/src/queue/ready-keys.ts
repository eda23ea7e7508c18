/** Keys that wait for a worker: each once, and the groups take turns. */
export interface ReadyKeys<K extends string> {
  readonly size: number
  add(key: K): void
  has(key: K): boolean
  /** The next key whose turn it is among those that may go, of groups that are open; `undefined` when none of them waits. */
  take(isOpen: (group: string) => boolean, mayGo: (key: K) => boolean): K | undefined
  clear(): void
}

/** First come, first served within a group; round robin between groups, so that a busy one delays nobody else. */
export function createReadyKeys<K extends string>(groupOf: (key: K) => string): ReadyKeys<K> {
  // Map and Set keep insertion order: the first group is the one whose turn it is.
  const groups = new Map<string, Set<K>>()
  const waiting = new Set<K>()
  return {
    get size() {
      return waiting.size
    },
    has: (key) => waiting.has(key),
    add: (key) => {
      if (waiting.has(key)) return
      waiting.add(key)
      const group = groupOf(key)
      groups.set(group, (groups.get(group) ?? new Set<K>()).add(key))
    },
    take: (isOpen, mayGo) => {
      for (const [group, keys] of groups) {
        if (!isOpen(group)) continue
        for (const key of keys) {
          if (!mayGo(key)) continue
          groups.delete(group)
          keys.delete(key)
          waiting.delete(key)
          if (keys.size > 0) groups.set(group, keys) // to the end of the line
          return key
        }
      }
      return undefined
    },
    clear: () => {
      groups.clear()
      waiting.clear()
    },
  }
}
