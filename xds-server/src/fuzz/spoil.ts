// Near-valid objects: a few places of good ones as no schema lets them be, for the API server's check is not the last.
import fc from 'fast-check'
import type { Arbitrary } from 'fast-check'
import type { RawObject, RawTenant } from './objects.ts'
import { oddTexts } from './schema.ts'

type Path = readonly (string | number)[]
/** What becomes of a place: another value, the same twice in its list, or nothing at all. */
type Change =
  { readonly kind: 'set'; readonly value: unknown } | { readonly kind: 'double' } | { readonly kind: 'remove' }

interface Spoil {
  readonly object: number
  readonly place: number
  readonly change: Change
}

const oddValues = [
  ...[null, true, 0, -1, 1.5, 65_536, 2 ** 31, 2 ** 53, 1e300, '', ' ', [], {}, [null], [''], { type: 'Other' }],
  ...[
    '0s',
    '-1s',
    '1ns',
    '999999999h',
    '1m30s',
    '/{',
    '/{a',
    '/a/../b',
    '/*',
    '/**',
    '/{a}/{a}',
    '/%2e',
    '/a?b',
    '/a#b',
  ],
  ...['x'.repeat(5_000), '\n', '\r\nHost: evil', '\ud800', '((((((a*)*)*)*)*)*', ...oddTexts],
]

const change: Arbitrary<Change> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...oddValues).map((value): Change => ({ kind: 'set', value })) },
  { weight: 1, arbitrary: fc.constant<Change>({ kind: 'double' }) },
  { weight: 2, arbitrary: fc.constant<Change>({ kind: 'remove' }) },
)
const spoil: Arbitrary<Spoil> = fc.record({ object: fc.nat({ max: 1000 }), place: fc.nat({ max: 1000 }), change })

/** Tenants with one to three places spoiled. */
export function spoiled(tenants: Arbitrary<RawTenant>): Arbitrary<RawTenant> {
  return fc.tuple(tenants, fc.array(spoil, { minLength: 1, maxLength: 3 })).map(([tenant, spoils]) => {
    return spoils.reduce(spoilOne, tenant)
  })
}

function spoilOne({ tenant, objects }: RawTenant, { object, place, change }: Spoil): RawTenant {
  const all = [tenant, ...objects]
  const chosen = object % all.length
  const [first = tenant, ...others] = all.map((each, index) =>
    index === chosen ? withChange(each, place, change) : each,
  )
  return { tenant: first, objects: others }
}

function withChange(object: RawObject, place: number, change: Change): RawObject {
  const places = pathsIn(object.spec)
  const path = places[place % places.length] ?? []
  return { ...object, spec: changed(object.spec, path, change) }
}

/** Every place of a value that is not the value itself. */
function pathsIn(value: unknown): readonly Path[] {
  if (typeof value !== 'object' || value === null) return []
  const keys: readonly (string | number)[] = Array.isArray(value) ? [...value.keys()] : Object.keys(value)
  return keys.flatMap((key) => [
    [key],
    ...pathsIn((value as Record<string | number, unknown>)[key]).map((path) => [key, ...path]),
  ])
}

function changed(value: unknown, [key, ...rest]: Path, change: Change): unknown {
  if (typeof value !== 'object' || value === null || key === undefined) return value
  if (Array.isArray(value)) {
    return (value as unknown[]).flatMap((each, index) => (index === key ? placed(each, rest, change) : [each]))
  }
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, each]) => {
      const [first] = name === key ? placed(each, rest, change) : [each]
      return name === key && rest.length === 0 && change.kind === 'remove' ? [] : [[name, first]]
    }),
  )
}

function placed(value: unknown, rest: Path, change: Change): readonly unknown[] {
  if (rest.length > 0) return [changed(value, rest, change)]
  if (change.kind === 'set') return [change.value]
  return change.kind === 'double' ? [value, value] : []
}
