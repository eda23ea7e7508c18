// Values that a CRD's schema lets in, made from the very schema that the API server checks: a new field joins by itself.
import fc from 'fast-check'
import type { Arbitrary } from 'fast-check'
import { celRule } from './cel-rules.ts'

/** A node of a structural schema. */
export interface Schema {
  readonly [key: string]: unknown
}

/** What stands at a path instead of what the schema alone would give; the rules hold for it all the same. */
export type Overrides = Readonly<Record<string, (own: Arbitrary<unknown>) => Arbitrary<unknown>>>

interface Place {
  readonly path: string
  readonly overrides: Overrides
}

// Each was somebody's outage, or looks like one; a field gets those that its schema lets in.
export const oddTexts = [
  ...['%REQ(', '%REQ(authorization)%', '%', '%%', '%DYNAMIC_METADATA(x)%', '{', '}', '{}', '{x}', '\\', '"', "'", '`'],
  ...['*', '**', '.', '..', '/', '//', '/./', '/..', '~', ':authority', 'host', 'a'.repeat(63), '0', '-1', 'null'],
  ...[
    'münchen.example',
    'xn--mnchen-3ya.example',
    '例え.テスト',
    'ﬀ.example',
    'a\u0301.example',
    '\u202e',
    '\u0000',
    '💥',
  ],
  ...['0ms', '1ms', '10ms', '10m', '999999h', '127.0.0.1', '169.254.169.254', '0x7f.1', '[::1]', 'localhost'],
]

/** Values that a schema lets in, rules and all. */
export function valueOf(schema: Schema, overrides: Overrides = {}, path = ''): Arbitrary<unknown> {
  const place = { path, overrides }
  const own = plainValue(schema, place)
  const chosen = overrides[path]?.(own) ?? own
  return rulesOf(schema).reduce((values, { rule }) => values.filter(celRule(rule)), chosen)
}

function plainValue(schema: Schema, place: Place): Arbitrary<unknown> {
  const { enum: choices } = schema
  if (Array.isArray(choices)) return fc.constantFrom(...(choices as unknown[]))
  switch (schema['type']) {
    case 'string':
      return textOf(schema)
    case 'integer':
      return fc.integer({ min: Number(schema['minimum']), max: Number(schema['maximum']) })
    case 'boolean':
      return fc.boolean()
    case 'array':
      return listOf(schema, place)
    case 'object':
      return objectOf(schema, place)
    default:
      throw new Error(`Cannot make a value for ${place.path}: no type in ${JSON.stringify(schema)}`)
  }
}

function textOf(schema: Schema): Arbitrary<string> {
  const { pattern, format, minLength = 0, maxLength = Infinity } = schema
  if (format === 'date-time') {
    const date = { noInvalidDate: true, min: new Date('1970-01-01'), max: new Date('9999-12-31') }
    return fc.date(date).map((each) => each.toISOString())
  }
  const expression = new RegExp(typeof pattern === 'string' ? pattern : '', 'u')
  const isValid = (text: string): boolean => {
    const length = Array.from(text).length
    return length >= Number(minLength) && length <= Number(maxLength) && expression.test(text) && text.isWellFormed()
  }
  const any = typeof pattern === 'string' ? fc.stringMatching(expression) : fc.string({ unit: 'grapheme' })
  const odd = [...oddTexts, ...longest(Number(maxLength))].filter(isValid)
  return odd.length === 0
    ? any.filter(isValid)
    : fc.oneof({ weight: 3, arbitrary: any.filter(isValid) }, { weight: 1, arbitrary: fc.constantFrom(...odd) })
}

function longest(length: number): readonly string[] {
  if (length > 1024) return []
  const segments = '/a'.repeat(length / 2)
  const labels = `${'a'.repeat(62)}.`.repeat(length / 63 + 1)
  return ['a'.repeat(length), segments, '/{p}'.repeat(length / 4), labels.slice(0, length - 1), '💥'.repeat(length)]
}

const longestList = 4

function listOf(schema: Schema, { path, overrides }: Place): Arbitrary<unknown> {
  const { items, minItems = 0, maxItems } = schema
  const item = valueOf(items as Schema, overrides, `${path}[]`)
  const length = {
    minLength: Number(minItems),
    maxLength: Math.min(longestList, Number(maxItems)),
    size: '+1',
  } as const
  const keys = schema['x-kubernetes-list-map-keys']
  if (Array.isArray(keys)) {
    const keyOf = (each: unknown): string => (keys as string[]).map((key) => String((each as Schema)[key])).join('\n')
    return fc.uniqueArray(item, { ...length, selector: keyOf })
  }
  const isSet = schema['x-kubernetes-list-type'] === 'set'
  return isSet ? fc.uniqueArray(item, { ...length, selector: (each) => JSON.stringify(each) }) : fc.array(item, length)
}

function objectOf(schema: Schema, { path, overrides }: Place): Arbitrary<unknown> {
  const { properties, additionalProperties, required = [] } = schema
  if (additionalProperties !== undefined) {
    const value = valueOf(additionalProperties as Schema, overrides, `${path}{}`)
    return fc.dictionary(fc.string({ maxLength: 20 }), value, { maxKeys: longestList, noNullPrototype: true })
  }
  const fields = Object.entries(properties as Readonly<Record<string, Schema>>)
  const values = fields.map(([name, each]) => [name, valueOf(each, overrides, path === '' ? name : `${path}.${name}`)])
  const record = Object.fromEntries(values) as Record<string, Arbitrary<unknown>>
  return fc.record(record, { requiredKeys: required as string[], noNullPrototype: true })
}

function rulesOf(schema: Schema): readonly { readonly rule: string }[] {
  const rules = schema['x-kubernetes-validations']
  return Array.isArray(rules) ? (rules as { rule: string }[]) : []
}
