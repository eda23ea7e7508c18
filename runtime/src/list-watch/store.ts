/** What a list and watch currently knows of one kind; keys are `namespace/name` (`name` when cluster-scoped). */
export interface Store<T> {
  readonly size: number
  get(key: string): T | undefined
  keys(): IterableIterator<string>
  values(): IterableIterator<T>
  /** The objects for which the named index function gave this value, ordered by key. */
  getByIndex(index: string, value: string): readonly T[]
}

/** Gives the values under which an object can be found. */
export type IndexFunction<T> = (object: T, key: string) => readonly string[]

/** A store that its owner may change. */
export interface WritableStore<T> extends Store<T> {
  set(key: string, object: T): void
  delete(key: string): void
}

/** Makes an empty store; asking for an index that was not named here is a mistake and throws. */
export function createStore<T>(indexes: Readonly<Record<string, IndexFunction<T>>> = {}): WritableStore<T> {
  const objects = new Map<string, T>()
  const indexed = new Map(Object.entries(indexes).map(([name, valuesOf]) => [name, createIndex(valuesOf)]))
  const remove = (key: string): void => {
    const old = objects.get(key)
    if (old === undefined) return
    objects.delete(key)
    for (const index of indexed.values()) index.remove(key)
  }
  return {
    get size() {
      return objects.size
    },
    get: (key) => objects.get(key),
    keys: () => objects.keys(),
    values: () => objects.values(),
    getByIndex: (name, value) => {
      const index = indexed.get(name)
      if (index === undefined) throw new Error(`Cannot look up by "${name}": the store has no such index`)
      return index.keysOf(value).flatMap((key) => objects.get(key) ?? [])
    },
    set: (key, object) => {
      // All index functions run before anything changes: one that throws leaves the store as it was.
      const additions = [...indexed.values()].map((index) => index.prepare(key, object))
      remove(key)
      objects.set(key, object)
      for (const add of additions) add()
    },
    delete: remove,
  }
}

interface Index<T> {
  prepare(key: string, object: T): () => void
  remove(key: string): void
  keysOf(value: string): string[]
}

// Values come from users: Maps, because `__proto__` is a fine Map key and a terrible property name.
function createIndex<T>(valuesOf: IndexFunction<T>): Index<T> {
  const keysByValue = new Map<string, Set<string>>()
  const valuesByKey = new Map<string, ReadonlySet<string>>()
  return {
    prepare: (key, object) => {
      const values = new Set(valuesOf(object, key))
      return () => {
        valuesByKey.set(key, values)
        for (const value of values) {
          const keys = keysByValue.get(value) ?? new Set()
          keysByValue.set(value, keys.add(key))
        }
      }
    },
    remove: (key) => {
      for (const value of valuesByKey.get(key) ?? []) {
        const keys = keysByValue.get(value)
        keys?.delete(key)
        if (keys?.size === 0) keysByValue.delete(value)
      }
      valuesByKey.delete(key)
    },
    keysOf: (value) => [...(keysByValue.get(value) ?? [])].sort(),
  }
}
