import { expect, test } from 'vitest'
import { away, living, nowhere, record, retained, seen } from '../testing/sightings.ts'
import { planPurge, stepWords } from './plan-purge.ts'
import type { Sightings } from './sightings.ts'

const kindsOf = (sightings: Sightings) => {
  const plan = planPurge(sightings)
  return plan.kind === 'steps' ? plan.steps.map(({ kind }) => kind) : plan.why
}
const orphaned: Sightings = { ...living, tenant: seen({ kind: 'absent' }) }

test('where nothing is left nothing is done', () => {
  expect(kindsOf(nowhere)).toEqual([])
})

test('what was retained goes, the keys after the locks and the record last', () => {
  expect(kindsOf(retained)).toEqual([
    ...['delete-realm', 'drop-database', 'delete-secret', 'delete-secret'],
    'forget-record',
  ])
})

test('what a Tenant left that was torn out by force goes whole', () => {
  expect(kindsOf(orphaned)).toEqual([
    ...['delete-namespace', 'delete-realm', 'drop-database', 'release-grants', 'delete-secret', 'delete-secret'],
  ])
})

test('a purge that was interrupted goes on with what is left', () => {
  const halfway: Sightings = { ...nowhere, record: seen({ ...record, isPurged: true }) }
  expect(kindsOf(halfway)).toEqual(['forget-record'])
})

test.each([
  ['its Tenant lives', living, 'its Tenant exists'],
  ['it was taken up', { ...retained, record: seen({ ...record, adoptedBy: 'u2' }) }, 'the Tenant of uid u2'],
  ['the Tenant cannot be seen', { ...retained, tenant: away }, 'the Tenant cannot be seen'],
  ['the record cannot be seen', { ...retained, record: away }, 'the record cannot be seen'],
  ['the realm cannot be seen', { ...retained, realm: away }, 'the realm cannot be seen'],
  ['a Postgres cannot be seen', { ...retained, servers: new Map([['east', away]]) }, 'Postgres "east" cannot be seen'],
] as const)('S-193 nothing is purged when %s', (_title, sightings, words) => {
  expect(kindsOf(sightings)).toContain(words)
})

test('S-193 what is of another incarnation is not touched', () => {
  const other = { kind: 'other', whose: 'id b' } as const
  expect(kindsOf({ ...nowhere, tenant: seen(other), namespace: seen(other), realm: seen('foreign') })).toEqual([])
})

test('every step says what it does', () => {
  const plan = planPurge({ ...orphaned, record: seen(record) })
  const words = plan.kind === 'steps' ? plan.steps.map(stepWords) : []
  expect(new Set(words).size).toBe(7)
})
