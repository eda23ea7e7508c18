import { expect, test } from 'vitest'
import { checksumOf, pendingOf } from './migration.ts'
import { registryMigrations } from './registry.ts'
import { tenantMigrations } from './tenant.ts'

const first = { version: 1, name: 'one', statements: ['SELECT 1'] }
const second = { version: 2, name: 'two', statements: ['SELECT 2'] }
const ran = (migration: typeof first) => ({ version: migration.version, checksum: checksumOf(migration) })

test('only what did not run yet is pending', () => {
  expect(pendingOf([first, second], [ran(first)])).toEqual([second])
})

test('a migration that changed after it ran is refused', () => {
  expect(() => pendingOf([{ ...first, statements: ['SELECT 3'] }], [ran(first)])).toThrow(
    'Cannot migrate to version 1: it ran here, and has changed since',
  )
})

test('F-35 a schema that is newer than we are is left as it is', () => {
  expect(pendingOf([first], [ran(first), ran(second)])).toEqual([])
})

test.each([
  ['registry', registryMigrations],
  ['tenant', tenantMigrations],
])('the versions of the %s count from 1 without a gap', (_name, migrations) => {
  expect(migrations.map(({ version }) => version)).toEqual(migrations.map((_migration, index) => index + 1))
})
