import { z } from 'zod'

/** A structural OpenAPI v3 schema, as a CustomResourceDefinition holds it. */
export interface Schema {
  readonly [key: string]: unknown
}

// What JSON Schema says and a structural schema must not: unknown fields are pruned by the API server instead.
const dropped = new Set(['$schema', 'additionalProperties', 'propertyNames', 'id'])

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function convertProperties(properties: unknown): Schema {
  if (!isObject(properties)) return {}
  return Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, convert(value)]))
}

function convert(node: unknown): Schema {
  if (!isObject(node)) throw new Error(`Cannot turn ${JSON.stringify(node)} into a structural schema: not an object`)
  const result: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(node)) {
    if (dropped.has(key)) continue
    if (key === 'properties') result[key] = convertProperties(value)
    else if (key === 'items') result[key] = convert(value)
    else result[key] = value
  }
  // A map: its values have a schema, its keys are free text bounded by maxProperties.
  if (isObject(node['additionalProperties'])) result['additionalProperties'] = convert(node['additionalProperties'])
  return result
}

/** The structural schema of what a person writes (before defaults are filled in). Throws where there is none. */
export function structural(schema: z.ZodType): Schema {
  return convert(z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input', reused: 'inline' }))
}
