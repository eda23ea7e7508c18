import { tenantId } from '@bulkhead/tenancy'
import { expect, test } from 'vitest'
import { away, record, seen, uid } from '../testing/sightings.ts'
import { findOrphans, judgeOrphans, orphanLines, orphanReport } from './orphans.ts'
import type { OrphanSightings } from './orphans.ts'

const at = '1970-01-01T12:00:00.000Z'
const role = { uid, what: 'role "tenant_x"' }
const namespace = { uid, name: 'acme', what: 'Namespace "tenant-acme"' }
const sightings = (change: Partial<OrphanSightings> = {}): OrphanSightings => ({
  living: seen(new Set(['living'])),
  holdings: new Map([
    ['Postgres "default"', seen([role, { uid: 'living', what: 'role "tenant_y"' }])],
    ['Namespaces', seen([namespace])],
  ]),
  records: seen([]),
  ...change,
})
const report = (seenThere: OrphanSightings) => judgeOrphans(seenThere, findOrphans(seenThere) ?? [], at)

test('S-191 who has something and no Tenant is told with all of it, and a living one is not', () => {
  const { orphans, isClean } = report(sightings())
  expect(orphans).toEqual([{ id: tenantId(uid), uid, name: 'acme', kind: 'lost', found: [role.what, namespace.what] }])
  expect(isClean).toBe(false)
})

test.each([
  ['kept on purpose', record, 'kept', true],
  ['being purged', { ...record, isPurged: true }, 'lost', false],
  ['taken up, but not all of it', { ...record, adoptedBy: 'living', adoptedAtMs: 1 }, 'takenUp', false],
] as const)('what is %s is told apart', (_title, one, kind, isClean) => {
  const shown = report(sightings({ records: seen([one]) }))
  expect(shown.orphans).toMatchObject([{ kind, retainedAt: '1970-01-01T00:00:00.000Z' }])
  expect(shown.isClean).toBe(isClean)
})

test('what was taken up whole is nobody without a Tenant', () => {
  const records = seen([{ ...record, adoptedBy: 'living', adoptedAtMs: 1 }])
  expect(report(sightings({ records, holdings: new Map() }))).toMatchObject({ orphans: [], isClean: true })
})

test('F-54 with the API server away nobody is an orphan, and nothing is clean', () => {
  const shown = report(sightings({ living: away }))
  expect(shown).toMatchObject({ orphans: [], isClean: false, unseen: [{ place: 'Tenants' }] })
})

test('F-54 with the records away nothing is called forgotten, and nothing is clean', () => {
  const shown = report(sightings({ records: away }))
  expect(shown).toMatchObject({ orphans: [], isClean: false, unseen: [{ place: 'registry: retained' }] })
})

test('F-54 a place that nobody could look at is told', () => {
  const shown = report(sightings({ holdings: new Map([['Postgres "east"', away]]) }))
  expect(shown).toMatchObject({ orphans: [], isClean: false, unseen: [{ place: 'Postgres "east"' }] })
})

test('the JSON keeps to its schema, and the lines say how to remove what is left', () => {
  const shown = report(sightings({ records: seen([record]) }))
  expect(orphanReport.parse(JSON.parse(JSON.stringify(shown)))).toEqual(shown)
  expect(orphanLines(shown).join('\n')).toContain(`bulkhead tenant purge ${tenantId(uid)} --yes`)
})
