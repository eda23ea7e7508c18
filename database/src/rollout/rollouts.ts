import { sql } from 'kysely'
import type { Database, Tx } from '../database.ts'
import { lockScope } from '../ledger.ts'
import type { Failure, Rollout } from './waves.ts'

/** What the registry remembers of the rollout. */
export interface RolloutState {
  readonly rollout: Rollout | undefined
  readonly failures: readonly Failure[]
}

/** The rollout and its failures in the registry, for whoever leads next. */
export interface RolloutRegistry {
  read(signal: AbortSignal): Promise<RolloutState>
  /** Writes all of it; what a newer release wrote meanwhile stays. */
  write(state: RolloutState, signal: AbortSignal): Promise<void>
}

export function createRolloutRegistry(database: Database): RolloutRegistry {
  return {
    read: (signal) => database.read('read rollout', signal, readState),
    write: ({ rollout, failures }, signal) =>
      database.transaction('write rollout', signal, async (tx) => {
        if (rollout === undefined) return
        await lockScope(tx, 'public/rollout')
        const before = await readState(tx)
        if ((before.rollout?.version ?? 0) > rollout.version) return
        await writeRollout(tx, rollout)
        await writeFailures(tx, failures)
      }),
  }
}

async function readState(tx: Tx): Promise<RolloutState> {
  const db = tx.withSchema('public')
  const row = await db.selectFrom('rollout').selectAll().executeTakeFirst()
  const failures = await db.selectFrom('migration_failures').selectAll().orderBy('failed_at').execute()
  return {
    rollout: row && {
      ...{ version: row.version, checksum: row.checksum, base: row.base, phase: row.phase },
      ...{ sinceMs: row.since.getTime(), settledAtMs: row.settled_at?.getTime() },
    },
    failures: failures.map((failure) => ({
      ...{ tenantId: failure.tenant_id, version: failure.version, words: failure.words },
      ...{ request: failure.request ?? undefined, atMs: failure.failed_at.getTime() },
    })),
  }
}

async function writeRollout(tx: Tx, rollout: Rollout): Promise<void> {
  const { version, checksum, base, phase, sinceMs, settledAtMs } = rollout
  const settled = settledAtMs === undefined ? null : new Date(settledAtMs)
  const row = { version, checksum, base, phase, since: new Date(sinceMs), settled_at: settled }
  await tx
    .withSchema('public')
    .insertInto('rollout')
    .values({ only_row: true, ...row })
    .onConflict((conflict) => conflict.column('only_row').doUpdateSet(row))
    .execute()
}

async function writeFailures(tx: Tx, failures: readonly Failure[]): Promise<void> {
  const db = tx.withSchema('public')
  const ids = failures.map(({ tenantId }) => tenantId)
  await db
    .deleteFrom('migration_failures')
    .where(sql<boolean>`NOT (tenant_id = ANY (${ids}))`)
    .execute()
  for (const { tenantId, version, words, request, atMs } of failures) {
    const row = { version, words, request: request ?? null, failed_at: new Date(atMs) }
    await db
      .insertInto('migration_failures')
      .values({ tenant_id: tenantId, ...row })
      .onConflict((conflict) => conflict.column('tenant_id').doUpdateSet(row))
      .execute()
  }
}
