import type { CustomResourceDefinition } from '@bulkhead/crds'
import { conditionsOfKind } from './condition-reference.ts'
import { z } from 'zod'

const schemaNode = z.looseObject({
  type: z.string().optional(),
  description: z.string().optional(),
  default: z.unknown().optional(),
  enum: z.array(z.string()).optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  maxLength: z.number().optional(),
  maxItems: z.number().optional(),
  pattern: z.string().optional(),
  required: z.array(z.string()).optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  items: z.unknown().optional(),
  'x-kubernetes-validations': z.array(z.object({ message: z.string() })).optional(),
})
type Node = z.infer<typeof schemaNode>

const version = z.object({ schema: z.object({ openAPIV3Schema: schemaNode }) })
const spec = z.object({
  names: z.object({ kind: z.string(), shortNames: z.array(z.string()) }),
  versions: z.array(version),
})

function bounds(node: Node): string {
  const parts = [
    node.enum === undefined ? undefined : node.enum.join(' \\| '),
    node.minimum === undefined || node.maximum === undefined ? undefined : `${node.minimum}–${node.maximum}`,
    node.maxLength === undefined ? undefined : `≤ ${node.maxLength} characters`,
    node.maxItems === undefined ? undefined : `≤ ${node.maxItems} items`,
    ...(node['x-kubernetes-validations'] ?? []).map((rule) => rule.message),
  ]
  return parts.filter((part) => part !== undefined).join('; ')
}

function rows(path: string, raw: unknown, isRequired: boolean): readonly string[] {
  const node = schemaNode.parse(raw)
  const preset = node.default === undefined ? (isRequired ? 'required' : '') : `\`${JSON.stringify(node.default)}\``
  const own = `| \`${path}\` | ${node.type ?? ''} | ${preset} | ${bounds(node)} | ${node.description ?? ''} |`
  return [own, ...children(path, node)]
}

function children(path: string, node: Node): readonly string[] {
  const element = node.items === undefined ? undefined : schemaNode.parse(node.items)
  if (element !== undefined) return children(`${path}[]`, element)
  return Object.entries(node.properties ?? {}).flatMap(([name, child]) =>
    rows(`${path}.${name}`, child, node.required?.includes(name) ?? false),
  )
}

/** The reference page of every field of every kind, as Markdown. */
export function fieldReference(definitions: readonly CustomResourceDefinition[]): string {
  const sections = definitions.map((definition) => {
    const { names, versions } = spec.parse(definition.spec)
    const schema = versions[0]?.schema.openAPIV3Schema
    const lines =
      schema === undefined
        ? []
        : ['spec', 'status'].flatMap((part) => rows(part, schema.properties?.[part], part === 'spec'))
    const head = '| Field | Type | Default | Allowed | Meaning |\n|---|---|---|---|---|'
    return `## ${names.kind} (\`${names.shortNames.join('`, `')}\`)\n\n${schema?.description ?? ''}.\n\n${conditionsOfKind(names.kind)}\n\n${head}\n${lines.join('\n')}\n`
  })
  return `# The API\n\n\`bulkhead.dev/v1alpha1\`. Generated from \`crds/src\` by \`make generate\`. \`kubectl explain\` says the same.\n\n${sections.join('\n')}`
}
