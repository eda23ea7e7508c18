import { expect, test } from 'vitest'
import { databaseSecretOf, realmSecretOf, retainedSchemaOf } from './secret-names.ts'
import { tenantId } from './names.ts'

test('the names of one tenant differ from each other and from every other tenant', () => {
  const ids = [tenantId('a'), tenantId('b')]
  const names = ids.flatMap((id) => [databaseSecretOf(id), realmSecretOf(id), retainedSchemaOf(id)])
  expect(new Set(names).size).toBe(6)
})
