import { createHash } from 'node:crypto'

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

/** A row of the ledger. */
export interface Applied {
  readonly version: number
  readonly checksum: string
}

/** The migrations that are still to run. Throws when the ledger holds one that is not the one we know. */
export function pendingOf(known: readonly Migration[], applied: readonly Applied[]): readonly Migration[] {
  for (const row of applied) {
    const migration = known.find((candidate) => candidate.version === row.version)
    if (migration === undefined) throw new Error(`Cannot migrate: version ${row.version} ran, and is not known here`)
    if (checksumOf(migration) !== row.checksum) {
      throw new Error(`Cannot migrate: version ${row.version} ran, and has changed since`)
    }
  }
  return known.filter((migration) => !applied.some((row) => row.version === migration.version))
}
