import type { ServerTraces } from '@bulkhead/database'
import { expect, test } from 'vitest'
import { away, living, nowhere, record, retained, retainedTraces, seen, subject } from '../testing/sightings.ts'
import { judgeSightings } from './judge.ts'
import { proof, proofLines } from './proof.ts'
import type { Sightings } from './sightings.ts'

const at = '1970-01-01T12:00:00.000Z'
const judge = (sightings: Sightings) => judgeSightings(subject, sightings, at)
const statesOf = (sightings: Sightings) => [...new Set(judge(sightings).places.map(({ state }) => state))].toSorted()

test('nothing anywhere is proven', () => {
  expect(judge(nowhere).isProven).toBe(true)
  expect(statesOf(nowhere)).toEqual(['gone'])
})

test('what is kept on purpose is proven too, and says until when', () => {
  const shown = judge(retained)
  expect(shown.isProven).toBe(true)
  const kept = shown.places.filter(({ state }) => state === 'kept')
  expect(kept.every(({ until }) => until !== undefined)).toBe(true)
  expect(kept.find(({ place }) => place.includes('api.acme.example'))?.until).toBe('1970-01-02T00:00:00.000Z')
  expect(kept.map(({ place }) => place.split(' "')[0])).toEqual([
    ...['Secret', 'Secret', 'realm', 'role', 'schema', "migrations' ledger"],
    ...['registry: hostnames', 'registry: hostname', 'registry: retained'],
  ])
})

test('a tenant that lives is left in every place', () => {
  const shown = judge(living)
  expect(shown.isProven).toBe(false)
  expect(shown.places.filter(({ state }) => state === 'gone').map(({ place }) => place)).toEqual([
    'privileges elsewhere',
    `schema "retained_${subject.id}"`,
    'registry: retained',
  ])
})

test.each([
  ['the Tenant', { tenant: away }],
  ['the namespace', { namespace: away }],
  ['a Secret', { secrets: new Map([['realm-x', away]]) }],
  ['the realm', { realm: away }],
  ['a Postgres', { servers: new Map([['default', away]]) }],
  ['one of several Postgres', { servers: new Map([...nowhere.servers, ['east', away]]) }],
  ['the registry', { registry: away }],
  ['the record', { record: away }],
] as const)('F-54 %s that nobody could look at is not gone, and nothing is proven', (_title, unseen) => {
  const shown = judge({ ...nowhere, ...unseen })
  expect(shown.isProven).toBe(false)
  expect(shown.places.some(({ state, found }) => state === 'unseen' && found.includes('ECONNREFUSED'))).toBe(true)
})

test('without its record what stands is left, not kept', () => {
  expect(statesOf({ ...retained, record: seen(undefined) })).toContain('left')
  expect(statesOf({ ...retained, record: away })).toContain('left')
  expect(judge({ ...retained, record: seen({ ...record, isPurged: true }) }).isProven).toBe(false)
})

const server = (change: Partial<ServerTraces>): Pick<Sightings, 'servers'> => ({
  servers: new Map([['default', seen({ ...retainedTraces, ...change })]]),
})
const role = (change: object) =>
  server({ role: { kind: 'own', canLogin: false, sessions: 0, elsewhere: [], ...change } })

test.each([
  ['a realm that is open', { realm: seen('enabled' as const) }, 'it is open'],
  ['a role that may log in', role({ canLogin: true }), 'it may log in'],
  ['a session that is open', role({ sessions: 2 }), '2 sessions'],
  ['a privilege elsewhere', role({ elsewhere: ['table public.loose'] }), 'table public.loose'],
  ['a schema under its living name', server({ schema: 'own' }), 'it stands'],
  [
    'a namespace that hangs',
    { namespace: seen({ kind: 'own', uid: 'n', isDeleted: true, contents: 'Some content' } as const) },
    'it is being deleted, with Some content',
  ],
  [
    'a host that is granted still',
    {
      registry: seen({
        listed: undefined,
        issuers: [],
        uid: 'u',
        hosts: [{ host: 'a', quarantinedUntilMs: undefined }],
      }),
    },
    'it is granted',
  ],
] as const)('S-193 of a retained tenant %s is no door that may stay', (_title, change, words) => {
  const shown = judge({ ...retained, ...change })
  expect(shown.isProven).toBe(false)
  expect(shown.places.filter(({ state }) => state === 'left').map(({ found }) => found)).toEqual(
    expect.arrayContaining([expect.stringContaining(words) as string]),
  )
})

test('what is of somebody else under the same names is nothing of this tenant', () => {
  const others: Sightings = {
    ...nowhere,
    tenant: seen({ kind: 'other', whose: 'id bbbbbbbbbbbbb' }),
    namespace: seen({ kind: 'other', whose: 'id bbbbbbbbbbbbb' }),
    realm: seen('foreign'),
    secrets: new Map([['realm-x', seen('foreign' as const)]]),
    ...server({
      role: { kind: 'foreign' },
      schema: 'foreign',
      retained: 'foreign',
      ledger: { schema: 0, retained: 0 },
    }),
  }
  expect(judge(others).isProven).toBe(true)
})

test('a quarantine that is over is none', () => {
  const hosts = [{ host: 'a', quarantinedUntilMs: 1 }]
  const over: Sightings = { ...nowhere, registry: seen({ listed: undefined, issuers: [], uid: 'u', hosts }) }
  expect(statesOf(over)).toEqual(['gone'])
})

test('the JSON keeps to its schema, and the lines say the same', () => {
  for (const sightings of [nowhere, retained, living, { ...living, realm: away }]) {
    const shown = judge(sightings)
    expect(proof.parse(JSON.parse(JSON.stringify(shown)))).toEqual(shown)
    const text = proofLines(shown).join('\n')
    for (const { place, found } of shown.places) {
      expect(text).toContain(place)
      expect(text).toContain(found)
    }
    expect(text).toContain(shown.isProven ? 'Proven:' : 'Not proven:')
  }
})
