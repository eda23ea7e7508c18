import type { DatabaseAddress } from '@bulkhead/database'
import type { Parts } from '../../parts.ts'
import type { Owner } from '../owner.ts'
import { storedSecrets } from '../system-secrets.ts'
import type { DatabaseStep } from './plan.ts'
import type { WantedDatabase } from './wanted.ts'

export interface DatabaseParts {
  readonly parts: Parts
  readonly owner: Owner
  readonly wanted: WantedDatabase
}

export async function applyDatabaseStep(
  { parts, owner, wanted }: DatabaseParts,
  step: DatabaseStep,
  signal: AbortSignal,
): Promise<void> {
  const { tenant, settings, secretName } = wanted
  if (step.kind === 'set-login') return parts.databases.setLogin(tenant, step.canLogin, signal)
  const { host, port, database } = addressOf(parts, tenant)
  const facts = { host, port: String(port), database, user: tenant.role }
  const values = await storedSecrets(parts, owner, { name: secretName, keys: ['password'], facts }, signal)
  return parts.databases.prepare(tenant, { ...settings, password: values('password') }, signal)
}

function addressOf({ settings }: Parts, { schema, shard }: WantedDatabase['tenant']): DatabaseAddress {
  const found = settings.databaseShards.find(({ name }) => name === shard)
  if (found === undefined) throw new Error(`Cannot make schema "${schema}": it was placed nowhere`)
  return found
}
