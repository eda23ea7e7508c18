import { conditionTypes, ownConditionTypes } from '@bulkhead/crds'
import type { ConditionedKind, ConditionType } from '@bulkhead/crds'

const head = `# Conditions

Every condition type of ours: what it says when it is \`True\`, and which process writes it on which kind. Why one is as
it is says its [reason](reasons.md). Generated from \`crds/src/condition-type.ts\` by \`make generate\`.

Each kind has \`Ready\`; \`Reconciling\` and \`Stalled\` are there only while they are \`True\`, and never both. So kstatus,
\`kubectl wait --for=condition=Ready\` and Argo CD can read every kind. \`status.observedGeneration\` is \`-1\` until somebody
has looked at the object, and behind \`metadata.generation\` until somebody has looked at its newest edit. An object that
is \`Suspended\` on purpose is not \`Ready\`, and has neither of the two: nothing goes on, and nothing is wrong.

| Condition | Meaning | Written by the operator on | Written by the xds-server on |
|---|---|---|---|
`

function kindsOf(type: ConditionType, writer: 'operator' | 'xds-server'): string {
  const writers = Object.entries(conditionTypes[type].writers)
  return writers.flatMap(([kind, name]) => (name === writer ? [kind] : [])).join(', ')
}

/** The reference page of every condition type, as Markdown. */
export function conditionReference(): string {
  const rows = Object.entries(conditionTypes).map(([name, { meaning }]) => {
    const type = name as ConditionType
    return `| \`${type}\` | ${meaning} | ${kindsOf(type, 'operator')} | ${kindsOf(type, 'xds-server')} |\n`
  })
  return head + rows.join('')
}

/** One line: the condition types of a kind, in the order of the reference page. */
export function conditionsOfKind(name: string): string {
  const kind = name as ConditionedKind
  const written = new Set([...ownConditionTypes('operator', kind), ...ownConditionTypes('xds-server', kind)])
  const types = Object.keys(conditionTypes).filter((type) => written.has(type as ConditionType))
  return `[Conditions](conditions.md): ${types.map((type) => `\`${type}\``).join(', ')}.`
}
