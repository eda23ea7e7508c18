import { sql } from 'kysely'
import type { Database, Tx } from './database.ts'
import { runStatement } from './database.ts'
import { quoteIdentifier } from './identifier.ts'
import { checksumOf, pendingOf } from './migrations/migration.ts'
import type { Applied, Migration } from './migrations/migration.ts'
import { registryMigrations } from './migrations/registry.ts'

/** Takes the lock of one scope until the transaction ends, so that two leaders never change one schema at once. */
export async function lockScope(tx: Tx, scope: string): Promise<void> {
  await sql`SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended(${scope}, 0))`.execute(tx)
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

/** Brings a schema up to date inside the transaction; the caller holds its lock. */
export async function migrate(tx: Tx, schema: string, known: readonly Migration[]): Promise<void> {
  const pending = pendingOf(known, await appliedIn(tx, schema))
  if (pending.length === 0) return
  await holdRowsStill(tx, schema)
  await runStatement(tx, `SET LOCAL search_path = ${quoteIdentifier(schema)}, pg_catalog`)
  for (const migration of pending) {
    for (const statement of migration.statements) await runStatement(tx, statement)
    const { version, name } = migration
    const checksum = checksumOf(migration)
    await sql`INSERT INTO public.migrations (scope, version, name, checksum, applied_at)
      VALUES (${schema}, ${version}, ${name}, ${checksum}, now())`.execute(tx)
  }
  await runStatement(tx, 'SET LOCAL search_path = pg_catalog')
}

// Not waited for: whoever waits for the schema's own lock behind us may have to shut a door.
async function holdRowsStill(tx: Tx, schema: string): Promise<void> {
  const { rows } = await sql<{ held: boolean }>`
    SELECT pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended(${rowsLock(schema)}, 0)) AS held`.execute(tx)
  if (rows[0]?.held !== true) throw new Error(`Cannot migrate "${schema}": its rows are being exported or imported`)
}

/** Makes the ledger and the registry, and shuts `public` and the database to everybody who was not let in by name. */
export async function prepareRegistry(database: Database, name: string, signal: AbortSignal): Promise<void> {
  await database.transaction('prepare registry', signal, async (tx) => {
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
