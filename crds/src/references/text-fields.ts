import { z } from 'zod'
import type { CustomResourceDefinition } from '../crd.ts'

const nodeShape = z.looseObject({
  type: z.string().optional(),
  enum: z.array(z.string()).optional(),
  properties: z.record(z.string(), z.unknown()).default({}),
  items: z.unknown().optional(),
  additionalProperties: z.unknown().optional(),
})
const specShape = z.object({
  names: z.object({ kind: z.string() }),
  versions: z.array(
    z.object({ schema: z.object({ openAPIV3Schema: z.object({ properties: z.object({ spec: z.unknown() }) }) }) }),
  ),
})

/** The path of every field of a kind's spec that holds free text, like `Tool.spec.backend.service.name`. */
export function textFields({ spec }: Pick<CustomResourceDefinition, 'spec'>): readonly string[] {
  const { names, versions } = specShape.parse(spec)
  return versions.flatMap(({ schema }) => textsBelow(`${names.kind}.spec`, schema.openAPIV3Schema.properties.spec))
}

function textsBelow(path: string, raw: unknown): readonly string[] {
  const node = nodeShape.parse(raw)
  if (node.type === 'string') return node.enum === undefined ? [path] : []
  const map = node.additionalProperties
  return [
    ...Object.entries(node.properties).flatMap(([name, child]) => textsBelow(`${path}.${name}`, child)),
    ...(node.items === undefined ? [] : textsBelow(`${path}[]`, node.items)),
    // The keys of a map are free text too.
    ...(map === undefined ? [] : [`${path}{key}`, ...textsBelow(`${path}{}`, map)]),
  ]
}
