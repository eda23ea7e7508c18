import type { JsonObject } from '@bulkhead/envoy'
import type { Json } from './json.ts'
import { at } from './json.ts'

/** Something that must hold for a resource. */
export interface Rule {
  /** Where the rule comes from, and what it is about: `D-13/normalizePath`. */
  readonly id: string
  /** What is wrong, in sentences; nothing when the rule holds. */
  readonly check: (resource: JsonObject) => readonly string[]
}

export interface Expectation {
  readonly says: string
  readonly holds: (value: Json) => boolean
}

export const is = (wanted: string | number | boolean): Expectation => ({
  says: `must be ${JSON.stringify(wanted)}`,
  holds: (value) => value === wanted,
})

/** Off, said or unsaid: what the message's JSON leaves out is the default. */
export const isOff: Expectation = { says: 'must be off', holds: (value) => value === undefined || value === false }

export const isAbsent: Expectation = { says: 'must not be set', holds: (value) => value === undefined }

export const isSet: Expectation = {
  says: 'must be set',
  holds: (value) => value !== undefined && value !== '' && value !== 0 && value !== '0s' && !isEmptyList(value),
}

export const isAtLeast = (least: number): Expectation => ({
  says: `must be at least ${least}`,
  holds: (value) => typeof value === 'number' && value >= least,
})

/** A number; 0 is what the message's JSON leaves out. */
export const isNumber = (wanted: number): Expectation => ({
  says: `must be ${wanted}`,
  holds: (value) => (value ?? 0) === wanted,
})

/** An enum's value that is also its default, which the message's JSON leaves out. */
export const isDefault = (name: string): Expectation => ({
  says: `must be ${name}`,
  holds: (value) => value === undefined || value === name,
})

export const isEqualTo = (wanted: Json): Expectation => ({
  says: `must be ${JSON.stringify(wanted)}`,
  holds: (value) => JSON.stringify(value) === JSON.stringify(wanted),
})

function isEmptyList(value: Json): boolean {
  return Array.isArray(value) && value.length === 0
}

/** One rule per option, over all places where the options must be as said. */
export function optionRules(
  source: string,
  places: (resource: JsonObject) => readonly Json[],
  options: Readonly<Record<string, Expectation>>,
): readonly Rule[] {
  return Object.entries(options).map(([path, expected]) => ({
    id: `${source}/${path}`,
    check: (resource) =>
      places(resource)
        .filter((place) => !expected.holds(at(place, path)))
        .map(() => `${path} ${expected.says}`),
  }))
}

/** A rule that is one question. */
export function rule(id: string, says: string, holds: (resource: JsonObject) => boolean): Rule {
  return { id, check: (resource) => (holds(resource) ? [] : [says]) }
}
