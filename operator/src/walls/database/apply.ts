import { MigrationBusy, MigrationFailed } from '@bulkhead/database'
import type { DatabaseAddress } from '@bulkhead/database'
import type { Secret } from '@bulkhead/runtime'
import type { Parts } from '../../parts.ts'
import type { Owner } from '../owner.ts'
import { storedSecrets } from '../system-secrets.ts'
import { renewStoredPassword } from './password.ts'
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
  const { tenant } = wanted
  switch (step.kind) {
    case 'set-login':
      return parts.databases.setLogin(tenant, step.canLogin, signal)
    case 'rotate-password':
      await renewStoredPassword(parts, owner, wanted.secretName, signal)
      return setPassword({ parts, owner, wanted }, signal)
    case 'set-password':
      return setPassword({ parts, owner, wanted }, signal)
    case 'migrate-database': {
      const { version } = step
      const work = () => parts.databases.migrate(tenant, version, signal)
      return attemptMigration(parts, { owner, wanted, version, work }, signal)
    }
    case 'prepare-database':
      return prepare({ parts, owner, wanted }, step.version, signal)
  }
}

async function prepare({ parts, owner, wanted }: DatabaseParts, version: number, signal: AbortSignal): Promise<void> {
  const password = await storedPassword({ parts, owner, wanted }, signal, true)
  const role = { ...wanted.settings, password, version }
  const work = () => parts.databases.prepare(wanted.tenant, role, signal)
  return attemptMigration(parts, { owner, wanted, version, work }, signal)
}

async function setPassword({ parts, owner, wanted }: DatabaseParts, signal: AbortSignal): Promise<void> {
  await parts.databases.setPassword(wanted.tenant, await storedPassword({ parts, owner, wanted }, signal), signal)
}

async function storedPassword(
  { parts, owner, wanted }: DatabaseParts,
  signal: AbortSignal,
  isAwaited = false,
): Promise<Secret<string>> {
  const { tenant, secretName: name } = wanted
  const { host, port, database } = addressOf(parts, tenant)
  const facts = { host, port: String(port), database, user: tenant.role }
  const values = await storedSecrets(parts, owner, { name, keys: ['password'], facts, isAwaited }, signal)
  return values('password')
}

interface Attempt {
  readonly owner: Owner
  readonly wanted: WantedDatabase
  readonly version: number
  readonly work: () => Promise<void>
}

// A migration that is undone is no fault of this tenant's wall: it stands at the version of before. It is noted, and the
// next look says what comes of it.
async function attemptMigration(
  { rollouts, logger }: Parts,
  { owner, wanted: { rollout }, version, work }: Attempt,
  signal: AbortSignal,
): Promise<void> {
  // Since the plan was made, somebody else's migration may have failed.
  if (rollouts.planFor(rollout).version < version) return
  try {
    await work()
    rollouts.migrated(rollout.id, version)
  } catch (error) {
    if (error instanceof MigrationFailed) return rollouts.failed(rollout, error, signal)
    if (!(error instanceof MigrationBusy)) throw error
    logger.info({ tenant: owner.name, version, why: error.words }, 'a migration has to wait')
    rollouts.busy(rollout.id, error.words)
  }
}

function addressOf({ settings }: Parts, { schema, shard }: WantedDatabase['tenant']): DatabaseAddress {
  const found = settings.databaseShards.find(({ name }) => name === shard)
  if (found === undefined) throw new Error(`Cannot make schema "${schema}": it was placed nowhere`)
  return found
}
