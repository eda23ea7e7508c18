import { sql } from 'kysely'
import type { Database, Tx } from './database.ts'
import { runStatement, runStatements } from './database.ts'
import { quoteIdentifier, quoteLiteral } from './identifier.ts'
import { demandExpansion } from './migrations/expand-only.ts'
import { MigrationBusy, migrationFault } from './migrations/fault.ts'
import { checksumOf, pendingOf } from './migrations/migration.ts'
import type { Applied, Migration } from './migrations/migration.ts'
import { registryMigrations } from './migrations/registry.ts'
import { demandFitServer } from './server.ts'

/** Takes the lock of one scope until the transaction ends, so that two leaders never change one schema at once. */
export async function lockScope(tx: Tx, scope: string): Promise<void> {
  await runStatement(tx, scopeLock(scope))
}

/** The statement that takes it. */
export function scopeLock(scope: string): string {
  return `SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended(${quoteLiteral(scope)}, 0))`
}

/** The lock of a schema's rows: shared by who carries them out, held alone by who loads them or changes their tables. */
export function rowsLock(schema: string): string {
  return `${schema}/rows`
}

/** What ran in a schema, by version. */
export async function appliedIn(tx: Tx, schema: string): Promise<readonly Applied[]> {
  return tx
    .withSchema('public')
    .selectFrom('migrations')
    .select(['version', 'checksum'])
    .where('scope', '=', schema)
    .orderBy('version')
    .execute()
}

/**
 * Brings a schema up to a version inside the transaction; the caller holds its lock. A schema that is newer than what is
 * known here is left as it is. Tables are waited for so briefly that nobody who uses them notices.
 */
export async function migrate(tx: Tx, schema: string, known: readonly Migration[], upTo = known.length): Promise<void> {
  const pending = pendingOf(known, await appliedIn(tx, schema)).filter(({ version }) => version <= upTo)
  if (pending.length === 0) return
  demandExpansion(pending)
  await holdRowsStill(tx, schema, upTo)
  const set = [
    `SET LOCAL search_path = ${quoteIdentifier(schema)}, pg_catalog`,
    "SET LOCAL lock_timeout = '2s'",
    "SET LOCAL statement_timeout = '20s'",
  ]
  await runStatements(tx, set)
  for (const migration of pending) await runMigration(tx, schema, migration)
  const settings = ['search_path', 'lock_timeout', 'statement_timeout']
  await runStatements(
    tx,
    settings.map((name) => `SET LOCAL ${name} TO DEFAULT`),
  )
}

async function runMigration(tx: Tx, schema: string, migration: Migration): Promise<void> {
  const { version, name, statements } = migration
  for (const [index, statement] of statements.entries()) {
    try {
      await runStatement(tx, statement)
    } catch (error) {
      throw migrationFault(version, index + 1, error)
    }
  }
  const checksum = checksumOf(migration)
  await sql`INSERT INTO public.migrations (scope, version, name, checksum, applied_at)
    VALUES (${schema}, ${version}, ${name}, ${checksum}, now())`.execute(tx)
}

// Not waited for: whoever waits for the schema's own lock behind us may have to shut a door.
async function holdRowsStill(tx: Tx, schema: string, version: number): Promise<void> {
  const { rows } = await sql<{ held: boolean }>`
    SELECT pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended(${rowsLock(schema)}, 0)) AS held`.execute(
    tx,
  )
  if (rows[0]?.held !== true) throw new MigrationBusy(version, 'its rows are being exported or imported')
}

/** Makes the ledger and the registry, and shuts `public` and the database to everybody who was not let in by name. */
export async function prepareRegistry(database: Database, name: string, signal: AbortSignal): Promise<void> {
  await database.transaction('prepare registry', signal, async (tx) => {
    await demandFitServer(tx)
    await lockScope(tx, 'public')
    await runStatement(tx, 'REVOKE ALL ON SCHEMA public FROM PUBLIC')
    await runStatement(tx, `REVOKE ALL ON DATABASE ${quoteIdentifier(name)} FROM PUBLIC`)
    await runStatement(
      tx,
      `CREATE TABLE IF NOT EXISTS public.migrations (
         scope text NOT NULL, version integer NOT NULL, name text NOT NULL, checksum text NOT NULL,
         applied_at timestamptz NOT NULL, PRIMARY KEY (scope, version))`,
    )
    await migrate(tx, 'public', registryMigrations)
  })
}
