// The shapes that Envoy's well-known types have in our code: those of protobuf's JSON form, which is what people read.

/** A packed message: `type.googleapis.com/<full name>` and its bytes. */
export interface EnvoyAny {
  readonly typeUrl: string
  readonly value: Uint8Array
}

/** A length of time in seconds, for instance `0.25s`. */
export type Duration = `${number}s`

/** A point in time, for instance `2026-01-02T03:04:05Z`. */
export type Timestamp = string

/** A message without fields; its presence is what it says. */
export type Empty = Readonly<Record<string, never>>

/** Entries by key; a Map when keys come from outside. */
export type EnvoyMap<Value> = Readonly<Record<string, Value>> | ReadonlyMap<string, Value>

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject

/** A `google.protobuf.Struct`. */
export interface JsonObject {
  readonly [key: string]: JsonValue
}
