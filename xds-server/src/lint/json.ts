import type { JsonObject, JsonValue } from '@bulkhead/envoy'

export type Json = JsonValue | undefined

export function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What stands at a path like `routes.0.match`; a key that holds dots cannot be asked for. */
export function at(json: Json, path: string): Json {
  let value = json
  for (const key of path === '' ? [] : path.split('.')) value = step(value, key)
  return value
}

function step(value: Json, key: string): Json {
  if (Array.isArray(value)) return (value as readonly JsonValue[])[Number(key)]
  return isObject(value) ? value[key] : undefined
}

/** The list at a path; nothing there is an empty list. */
export function listAt(json: Json, path: string): readonly JsonValue[] {
  const value = at(json, path)
  return Array.isArray(value) ? (value as readonly JsonValue[]) : []
}

export function textAt(json: Json, path: string): string {
  const value = at(json, path)
  return typeof value === 'string' ? value : ''
}

export function entriesAt(json: Json, path: string): readonly (readonly [string, JsonValue])[] {
  const value = at(json, path)
  return isObject(value) ? Object.entries(value) : []
}

/** Every object, however deep. */
export function everyObject(json: Json): readonly JsonObject[] {
  if (Array.isArray(json)) return (json as readonly JsonValue[]).flatMap((each) => everyObject(each))
  if (!isObject(json)) return []
  return [json, ...Object.values(json).flatMap((each) => everyObject(each))]
}

/** Every text, however deep; keys are none. */
export function everyText(json: Json): readonly string[] {
  return everyObject({ json: json ?? null }).flatMap((object) =>
    Object.values(object)
      .flatMap((value) => (Array.isArray(value) ? (value as readonly JsonValue[]) : [value]))
      .filter((value) => typeof value === 'string'),
  )
}

/** Whether an object is a message of a type, by the last part of its name. */
export function isOfType(json: Json, name: string): boolean {
  return textAt(json, '@type').endsWith(`.${name}`)
}
