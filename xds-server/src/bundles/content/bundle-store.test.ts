import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BundleStore } from './bundle-store.ts'
import type { BundleOperation } from '../data.ts'
import type { PathChange } from './patch.ts'
import { parseRevision } from './revision.ts'
import { sampleTenant } from '../testing/sample.ts'

const pool = { requests_per_unit: 1000, unit: 'SECOND' } as const

function emptyStore(incarnation = 'one', edit: { maxPatches?: number; maxPatchCharacters?: number } = {}): BundleStore {
  return new BundleStore({ policy: 'package x', pool, incarnation, maxPatches: 100, maxPatchCharacters: 1e6, ...edit })
}

function upsert(id: string, edit = {}): BundleOperation {
  return { kind: 'upsertTenant', id, tenant: sampleTenant(id, edit) }
}

function digestOf(store: BundleStore): string {
  return parseRevision(store.revision())?.digest ?? ''
}

test('a new tenant is one tenant and one issuer, whatever else there is', () => {
  const store = emptyStore()
  store.apply(Array.from({ length: 200 }, (_, index) => upsert(`tenant${index}`)))
  const before = digestOf(store)
  store.apply([upsert('acme')])
  expect(store.changesSince(before)?.map((change) => change.path)).toEqual([
    '/bulkhead/issuers/https:~1~1id.test~1realms~1acme',
    '/bulkhead/tenants/acme',
  ])
})

test('an edit that changes nothing keeps the revision', () => {
  const store = emptyStore()
  const revision = store.apply([upsert('acme')])
  expect(store.apply([upsert('acme'), { kind: 'setPool', pool }, { kind: 'removeTenant', id: 'nobody' }])).toBe(
    revision,
  )
})

test('each change makes a later revision', () => {
  const store = emptyStore()
  const first = parseRevision(store.apply([upsert('acme')]))
  const second = parseRevision(store.apply([upsert('acme', { suspended: true })]))
  expect(second?.sequence).toBe((first?.sequence ?? 0) + 1)
  expect(second?.digest).not.toBe(first?.digest)
})

test('replicas with the same content have the same digest, in whatever order it came', () => {
  const left = emptyStore('one')
  const right = emptyStore('two')
  left.apply([upsert('acme'), upsert('globex')])
  right.apply([upsert('globex'), upsert('initech')])
  right.apply([upsert('acme'), { kind: 'removeTenant', id: 'initech' }])
  expect(digestOf(right)).toBe(digestOf(left))
  expect(right.snapshotJson().join('')).toBe(left.snapshotJson().join(''))
})

test('another policy is another content', () => {
  const changed = new BundleStore({
    policy: 'package y',
    pool,
    incarnation: 'one',
    maxPatches: 9,
    maxPatchCharacters: 99,
  })
  expect(digestOf(changed)).not.toBe(digestOf(emptyStore()))
})

test('a tenant that changes its issuer leaves no trace of the old one', () => {
  const store = emptyStore()
  store.apply([upsert('acme')])
  const before = digestOf(store)
  store.apply([upsert('acme', { issuer: 'https://new.test' })])
  expect(store.snapshotJson().join('')).not.toContain('"https://id.test/realms/acme"')
  expect(store.changesSince(before)).toContainEqual({
    path: '/bulkhead/issuers/https:~1~1id.test~1realms~1acme',
    existed: true,
    text: undefined,
  })
})

test('an issuer that another tenant has stays with that tenant', () => {
  const store = emptyStore()
  store.apply([upsert('acme')])
  store.apply([upsert('globex', { issuer: 'https://id.test/realms/acme' })])
  expect(store.snapshotJson().join('')).toContain('"issuers":{"https://id.test/realms/acme":"acme"}')
  store.apply([{ kind: 'removeTenant', id: 'globex' }])
  expect(store.snapshotJson().join('')).toContain('"issuers":{"https://id.test/realms/acme":"acme"}')
})

test('S-196 names like __proto__ are data like any other', () => {
  const store = emptyStore()
  store.apply([upsert('__proto__'), upsert('constructor')])
  expect(store.snapshotJson().join('')).toContain('"__proto__":{')
  expect(Object.getPrototypeOf({})).toBe(Object.prototype)
})

test('F-66 what lies too far back is not remembered', () => {
  const store = emptyStore('one', { maxPatches: 2 })
  const before = digestOf(store)
  store.apply([upsert('a')])
  store.apply([upsert('b')])
  expect(store.changesSince(before)).toBeDefined()
  store.apply([upsert('c')])
  expect(store.changesSince(before)).toBeUndefined()
})

test('F-66 a change that is too large is not kept as a patch', () => {
  const store = emptyStore('one', { maxPatchCharacters: 100 })
  const before = digestOf(store)
  store.apply([upsert('acme')])
  expect(store.changesSince(before)).toBeUndefined()
})

test('a content that was never here is unknown', () => {
  expect(emptyStore().changesSince('0'.repeat(32))).toBeUndefined()
})

const ids = fc.constantFrom('acme', 'globex', 'initech')
const operations: fc.Arbitrary<BundleOperation> = fc.oneof(
  fc
    .record({ id: ids, suspended: fc.boolean(), issuer: fc.constantFrom('https://a', 'https://b%2F~') })
    .map(({ id, suspended, issuer }): BundleOperation => ({
      kind: 'upsertTenant',
      id,
      tenant: sampleTenant(id, { suspended, issuer }),
    })),
  ids.map((id): BundleOperation => ({ kind: 'removeTenant', id })),
  fc
    .integer({ min: 1, max: 3 })
    .map((n): BundleOperation => ({ kind: 'setPool', pool: { ...pool, requests_per_unit: n } })),
)

test('the changes since any state turn that state into the present one, and remove only what is there', () => {
  fc.assert(
    fc.property(fc.array(fc.array(operations, { maxLength: 4 }), { maxLength: 8 }), fc.nat(8), (batches, split) => {
      const store = emptyStore()
      for (const batch of batches.slice(0, split)) store.apply(batch)
      const before: Record<string, unknown> = JSON.parse(store.snapshotJson().join(''))
      const digest = digestOf(store)
      for (const batch of batches.slice(split)) store.apply(batch)
      const changes = store.isCurrent(digest) ? [] : (store.changesSince(digest) ?? [])
      for (const change of changes) applyLikeOpa(before, change)
      expect(before).toEqual(JSON.parse(store.snapshotJson().join('')))
    }),
  )
})

// As OPA does it: URL escapes first, then those of JSON Pointer; removing what is not there fails.
function applyLikeOpa(document: Record<string, unknown>, { path, text }: PathChange): void {
  const segments = path
    .slice(1)
    .split('/')
    .map((segment) => decodeURIComponent(segment).replaceAll('~1', '/').replaceAll('~0', '~'))
  const last = segments.pop() ?? ''
  let node: Record<string, unknown> = document
  for (const segment of segments) node = node[segment] as Record<string, unknown>
  if (text !== undefined) {
    node[last] = JSON.parse(text)
    return
  }
  expect(node).toHaveProperty([last])
  Reflect.deleteProperty(node, last)
}
