// For the tests of the rules: one thing broken, everything else as it was.
import type { JsonObject, JsonValue } from '@bulkhead/envoy'

/** The same JSON with one value replaced, or taken out when it is undefined. */
export function broken(json: JsonObject, path: string, value: JsonValue | undefined): JsonObject {
  const copy = structuredClone(json) as Record<string, JsonValue>
  const keys = path.split('.')
  const last = keys.pop() ?? ''
  let place: Record<string, JsonValue> = copy
  for (const key of keys) {
    // A message that is not there is made, as whoever broke it would have.
    place[key] ??= {}
    place = place[key] as Record<string, JsonValue>
  }
  if (value !== undefined) place[last] = value
  else if (Array.isArray(place)) place.splice(Number(last), 1)
  else Reflect.deleteProperty(place, last)
  return copy
}
