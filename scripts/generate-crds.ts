// Writes what derives from the API's schemas: the CRD YAML, the catalogues of conditions and reasons, the reference of
// every field.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { customResourceDefinitions, reasons } from '@bulkhead/crds'
import { stringify } from 'yaml'
import { conditionReference } from './condition-reference.ts'
import { fieldReference } from './field-reference.ts'
import { referenceTable } from './reference-table.ts'

const root = join(import.meta.dirname, '..')
const generated = '# Generated from crds/src by `make generate`: change it there.\n'

mkdirSync(join(root, 'manifests/crds'), { recursive: true })
for (const definition of customResourceDefinitions()) {
  const plural = definition.metadata.name.split('.')[0] ?? definition.metadata.name
  writeFileSync(
    join(root, `manifests/crds/${plural}.yaml`),
    generated + stringify(definition, { lineWidth: 0, aliasDuplicateObjects: false }),
  )
}

const reasonLines = Object.entries(reasons).map(([reason, meaning]) => `| \`${reason}\` | ${meaning} |`)
writeFileSync(
  join(root, 'docs/reference/reasons.md'),
  `# Reasons\n\nEvery \`reason\` that a condition of ours can carry. Generated from \`crds/src/reason.ts\` by \`make generate\`.\n\n| Reason | Meaning |\n|---|---|\n${reasonLines.join('\n')}\n`,
)
writeFileSync(join(root, 'docs/reference/conditions.md'), conditionReference())
writeFileSync(join(root, 'docs/reference/references.md'), referenceTable())
writeFileSync(join(root, 'docs/reference/api.md'), fieldReference(customResourceDefinitions()))
