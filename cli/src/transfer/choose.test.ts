import type { KnownTenant } from '@bulkhead/database'
import { expect, test } from 'vitest'
import { chooseSource, chooseTarget, demandSameTenant, demandTenantName } from './choose.ts'

const known = (id: string, retainedAtMs?: number): KnownTenant => ({
  ...{ id, uid: `uid-${id}`, name: 'acme', databaseShard: undefined, retainedAtMs },
})

test('the living tenant is meant, unless an id says otherwise', () => {
  const [living, gone] = [known('a'), known('b', 0)]
  expect(chooseSource([living, gone], 'acme', undefined)).toBe(living)
  expect(chooseSource([living, gone], 'acme', 'b')).toBe(gone)
  expect(() => chooseSource([living, gone], 'acme', 'c')).toThrow(
    'no tenant of that name has the id "c"; there are a (living), b (deleted 1970-01-01T00:00:00.000Z)',
  )
})

test('of deleted tenants the only one is meant, and of several none', () => {
  const [one, other] = [known('a', 0), known('b', 1)]
  expect(chooseSource([one], 'acme', undefined)).toBe(one)
  expect(() => chooseSource([one, other], 'acme', undefined)).toThrow(/choose one with --id: a \(deleted/)
})

test('rows go into a living tenant only', () => {
  expect(chooseTarget([known('a'), known('b', 0)], 'acme').id).toBe('a')
  expect(() => chooseTarget([known('b', 0)], 'acme')).toThrow(/the Tenant is gone.*make a Tenant of that name again/)
})

test('a name that nobody has is refused for both', () => {
  for (const choose of [chooseTarget, (none: KnownTenant[]) => chooseSource(none, 'acme', undefined)]) {
    expect(() => choose([], 'acme')).toThrow(/the registry knows no tenant "acme"/)
  }
})

test("another Tenant's export is imported only when that is meant, an earlier one of the same name too", () => {
  const to = known('a')
  demandSameTenant({ name: 'acme', uid: 'uid-a' }, to, false)
  const other = { name: 'globex', uid: 'uid-b' }
  expect(() => {
    demandSameTenant(other, to, false)
  }).toThrow(/the Tenant "globex" \(uid uid-b, here uid-a\); with --as-other/)
  expect(() => {
    demandSameTenant({ ...other, name: 'acme' }, to, false)
  }).toThrow(/an earlier Tenant "acme"/)
  demandSameTenant(other, to, true)
})

test.each(['a"; DROP SCHEMA public; --', 'pg_temp', '../acme', '', 'Acme', 'a'.repeat(41), 'Ａcme', "acme'"])(
  'S-161 %j is no name of a tenant',
  (name) => {
    expect(() => demandTenantName(name)).toThrow(/Cannot use .* as a tenant's name: want lower-case/)
  },
)
