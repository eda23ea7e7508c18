import { expect, test } from 'vitest'
import { describeRemains, planDeletion } from './plan-deletion.ts'
import type { Remains } from './plan-deletion.ts'

const gone: Remains = {
  namespace: { kind: 'gone' },
  realm: 'gone',
  database: { role: 'gone', schema: 'gone' },
  grants: 'gone',
  record: 'absent',
  adopted: 'none',
  secrets: [],
}
const whole: Remains = {
  namespace: { kind: 'own', uid: 'n1' },
  realm: 'enabled',
  database: { role: 'open', schema: 'own' },
  grants: 'held',
  record: 'absent',
  adopted: 'none',
  secrets: ['realm-x', 'database-x'],
}
const kindsOf = (policy: 'Delete' | 'Retain', remains: Remains) =>
  planDeletion(policy, remains).steps.map((step) => step.kind)

test('Delete takes everything, and the keys only after the locks', () => {
  expect(kindsOf('Delete', whole)).toEqual(['delete-namespace', 'delete-realm', 'drop-database', 'release-grants'])
  expect(kindsOf('Delete', { ...gone, secrets: whole.secrets })).toEqual(['delete-secret', 'delete-secret'])
})

test('where realm and schema are is forgotten when nothing stands any more, or all of it is written down elsewhere', () => {
  const listed = { ...gone, grants: 'listed' } as const
  expect(kindsOf('Delete', listed)).toEqual(['forget-tenant'])
  expect(kindsOf('Delete', { ...listed, realm: 'disabled' })).toEqual(['delete-realm'])
  expect(kindsOf('Delete', { ...listed, database: { role: 'unseen', schema: 'unseen' } })).toEqual([])
  expect(kindsOf('Delete', { ...listed, namespace: { kind: 'terminating', uid: 'n1' } })).toEqual([])
  expect(planDeletion('Delete', listed).isDone).toBe(false)
  const kept = { ...listed, realm: 'disabled', database: { role: 'shut', schema: 'retained' } } as const
  expect(kindsOf('Retain', kept)).toEqual(['record-retained'])
  expect(kindsOf('Retain', { ...kept, record: 'written' })).toEqual(['forget-tenant'])
})

test('Retain keeps realm, schema and keys, and shuts the realm once the namespace is gone', () => {
  expect(kindsOf('Retain', whole)).toEqual(['delete-namespace', 'record-retained', 'release-grants'])
  const recorded = { ...whole, record: 'written' } as const
  expect(kindsOf('Retain', recorded)).toEqual(['delete-namespace', 'retain-database', 'release-grants'])
  expect(kindsOf('Retain', { ...recorded, namespace: { kind: 'gone' }, grants: 'gone' })).toEqual([
    'retain-database',
    'disable-realm',
  ])
})

test.each([
  ['a namespace that still terminates', { ...gone, namespace: { kind: 'terminating', uid: 'n1' } }],
  ['a realm', { ...gone, realm: 'disabled' }],
  ['a schema', { ...gone, database: { role: 'gone', schema: 'own' } }],
  ['a role', { ...gone, database: { role: 'shut', schema: 'gone' } }],
  ['a grant', { ...gone, grants: 'held' }],
  ['a secret', { ...gone, secrets: ['realm-x'] }],
] as const)('with %s left, a deletion is not done', (_title, remains: Remains) => {
  expect(planDeletion('Delete', remains).isDone).toBe(false)
})

const unseen: Partial<Remains>[] = [
  { namespace: { kind: 'unseen' } },
  { realm: 'unseen' },
  { database: { role: 'unseen', schema: 'unseen' } },
  { grants: 'unseen' },
  { record: 'unseen' },
  { adopted: 'unseen' },
]

test.each(['Delete', 'Retain'] as const)(
  '%s takes what it sees, and is not done while something is unseen',
  (policy) => {
    expect(kindsOf(policy, { ...whole, record: 'written', realm: 'unseen' })).toEqual([
      'delete-namespace',
      policy === 'Delete' ? 'drop-database' : 'retain-database',
      'release-grants',
    ])
    for (const change of unseen)
      expect(planDeletion(policy, { ...gone, ...change })).toEqual({ steps: [], isDone: false })
  },
)

test.each(['Delete', 'Retain'] as const)('%s is done when nothing is left that it takes', (policy) => {
  const kept = {
    ...gone,
    realm: 'disabled',
    database: { role: 'shut', schema: 'retained' },
    record: 'written',
    secrets: ['realm-x'],
  } as const
  expect(planDeletion(policy, policy === 'Delete' ? gone : kept)).toEqual({ steps: [], isDone: true })
})

test('what is kept is written down before it is kept, and forgotten once it is purged', () => {
  const shut = { ...gone, realm: 'disabled', database: { role: 'shut', schema: 'gone' } } as const
  expect(kindsOf('Retain', shut)).toEqual(['record-retained'])
  expect(kindsOf('Retain', gone)).toEqual([])
  expect(kindsOf('Delete', { ...gone, database: { role: 'gone', schema: 'retained' } })).toEqual(['drop-database'])
  expect(kindsOf('Delete', { ...gone, record: 'written' })).toEqual(['forget-retained'])
})

test('what a Tenant reserved is let go of though it was granted nothing, and keys of what was never made go', () => {
  for (const policy of ['Delete', 'Retain'] as const) {
    expect(kindsOf(policy, { ...gone, adopted: 'held' })).toEqual(['let-go-adopted'])
    expect(kindsOf(policy, { ...gone, secrets: ['realm-x'] })).toEqual(['delete-secret'])
  }
  const away = { ...gone, realm: 'unseen', secrets: ['realm-x'] } as const
  expect(kindsOf('Retain', away)).toEqual([])
})

test('whoever waits for a deletion reads what is still there', () => {
  expect(describeRemains('Delete', { ...gone, namespace: { kind: 'terminating', uid: 'n' }, secrets: ['x'] })).toBe(
    'the namespace, until all in it has gone; the secrets',
  )
  expect(describeRemains('Retain', { ...gone, realm: 'disabled', secrets: ['x'] })).toBe('')
  expect(describeRemains('Retain', { ...gone, realm: 'unseen' })).toBe('what cannot be seen now')
})
