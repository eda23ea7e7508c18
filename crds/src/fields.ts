// crds: the API. The zod schemas here are the source; the CRD YAML in manifests/crds is generated from them.
import { z } from 'zod'

/** A rule that the API server evaluates itself (CEL), with the message a person reads when it fails. */
export interface CelRule {
  readonly rule: string
  readonly message: string
}

/** Text of at most `max` characters, counted as the API server does: whole ones; every string of the API is bounded. */
export const text = (max: number) =>
  z
    .string()
    .refine(
      (value) => value.length <= max || Array.from(value).length <= max,
      `Too long: want at most ${max} characters`,
    )
    .meta({ maxLength: max })

/** A DNS label, as names of Kubernetes objects and namespaces are. */
export const label = (max = 63) =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/)

/** A whole number between the two bounds, both included. */
export const whole = (min: number, max: number) => z.int().min(min).max(max)

/**
 * A host as a person writes it; its canonical form is made in `build/`. The spaces are spelled out, for `\s` is more to
 * JavaScript than to the API server: an object that only one of them takes would be stuck.
 */
export const hostText = text(253)
  .min(1)
  .regex(/^[^ \t\n\f\r/@:*%]+$/)

const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const

/** A duration in one unit, like `250ms`, `15s`, `5m`, `1h`; at most six digits. */
export const duration = z
  .string()
  .max(8)
  .regex(/^[1-9][0-9]{0,5}(ms|s|m|h)$/)

/** A `duration` in milliseconds. Throws on text that is none. */
export function durationMs(value: string): number {
  const match = /^([1-9][0-9]{0,5})(ms|s|m|h)$/.exec(value)
  if (match === null) throw new Error(`"${value}" is no duration: want a number and one of ms, s, m, h`)
  return Number(match[1]) * units[match[2] as keyof typeof units]
}

/** An HTTP method that a tenant may publish; CONNECT and TRACE are never forwarded. */
export const httpMethod = z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** A realm role: letters, digits, `-` and `_`. */
export const roleName = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[a-zA-Z][-_a-zA-Z0-9]*$/)

/** A reference to another object of the same namespace: it has no field that could name another namespace. */
export const localReference = z.object({ name: label(63) })

/** A list that the API server merges as a set. */
export const setOf = <T extends z.ZodType>(item: T, max: number) =>
  z.array(item).max(max).meta({ 'x-kubernetes-list-type': 'set' })

/** An object with rules that the API server checks. */
export const withRules = <T extends z.ZodType>(schema: T, rules: readonly CelRule[]): T =>
  schema.meta({ 'x-kubernetes-validations': rules })
