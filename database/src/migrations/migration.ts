import { createHash } from 'node:crypto'
import { MigrationFailed } from './fault.ts'

/** One step of a schema's history; once it was released it never changes. */
export interface Migration {
  /** Counted from 1, without a gap. */
  readonly version: number
  readonly name: string
  readonly statements: readonly string[]
}

/** What the ledger remembers, to notice a migration that changed after it ran. */
export function checksumOf({ version, name, statements }: Migration): string {
  return createHash('sha256')
    .update(JSON.stringify([version, name, statements]))
    .digest('hex')
}

/** The digest of a whole history: it differs as soon as one of its migrations does. */
export function checksumOfAll(migrations: readonly Migration[]): string {
  return createHash('sha256')
    .update(JSON.stringify(migrations.map(checksumOf)))
    .digest('hex')
}

/** A row of the ledger. */
export interface Applied {
  readonly version: number
  readonly checksum: string
}

/**
 * The migrations that are still to run. A schema may be newer than we are: then nothing is, and a newer release looks after
 * it. Throws when the ledger holds another migration under a version that we know.
 */
export function pendingOf(known: readonly Migration[], applied: readonly Applied[]): readonly Migration[] {
  const ran = new Map(applied.map(({ version, checksum }) => [version, checksum]))
  for (const migration of known) {
    const checksum = ran.get(migration.version)
    if (checksum !== undefined && checksum !== checksumOf(migration)) {
      throw new MigrationFailed(migration.version, 'it ran here, and has changed since', undefined)
    }
  }
  return known.filter(({ version }) => !ran.has(version))
}
