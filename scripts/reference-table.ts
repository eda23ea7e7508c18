import { reaches, references } from '@bulkhead/crds'
import type { Judge } from '@bulkhead/crds'

const proofs: Readonly<Record<Judge, string>> = {
  'xds-server': '[build](../../xds-server/src/build/references.test.ts)',
  operator: '[operator](../../operator/src/subscription/references.test.ts)',
  rbac: '[roles](../../operator/src/walls/kubernetes.contract.test.ts)',
}

/** The page of every field that names something, as Markdown. */
export function referenceTable(): string {
  const rows = Object.entries(references).map(([field, { reach, names, judges }]) => {
    const [kind = '', ...path] = field.split('.')
    return `| ${kind} | \`${path.join('.')}\` | ${names} | ${reach} | ${judges.map((judge) => proofs[judge]).join(', ')} |`
  })
  const meanings = Object.entries(reaches).map(([reach, meaning]) => `| ${reach} | ${meaning} |`)
  return `# References

Every field of every kind that names something, and how far it reaches. Generated from \`crds/src/references\` by
\`make generate\`; a field that is missing there fails the tests. The last column is the test that, for each row, names
something of another tenant and gets nothing.

| Reach | Meaning |
|---|---|
${meanings.join('\n')}

| Kind | Field | Names | Reach | Proof |
|---|---|---|---|---|
${rows.join('\n')}
`
}
