import type { EnvoyMap } from '@bulkhead/envoy'

/** The entries of a map of a message, in whichever of its two forms it is. */
export function entriesOf<Value>(entries: EnvoyMap<Value> | undefined): readonly (readonly [string, Value])[] {
  return isMap(entries) ? [...entries] : Object.entries(entries ?? {})
}

/** One value of such a map. */
export function entryOf<Value>(entries: EnvoyMap<Value> | undefined, key: string): Value | undefined {
  return entriesOf(entries).find(([each]) => each === key)?.[1]
}

function isMap<Value>(entries: EnvoyMap<Value> | undefined): entries is ReadonlyMap<string, Value> {
  return entries instanceof Map
}
