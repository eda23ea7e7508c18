import pg from 'pg'

/** A migration was undone, and would fail again: a person must act. Everything else goes on at the version of before. */
export class MigrationFailed extends Error {
  override readonly name = 'MigrationFailed'
  readonly version: number
  /** What Postgres says, without anything out of a row. */
  readonly words: string

  constructor(version: number, words: string, cause: unknown) {
    super(`Cannot migrate to version ${version}: ${words}`, { cause })
    this.version = version
    this.words = words
  }
}

/** A migration was undone because somebody else holds what it needs; it is tried again. */
export class MigrationBusy extends Error {
  override readonly name = 'MigrationBusy'
  readonly words: string

  constructor(version: number, words: string, cause?: unknown) {
    super(`Cannot migrate to version ${version} now: ${words}`, { cause })
    this.words = words
  }
}

// A lock that was not got in time, a deadlock, a serialization failure.
const busy = /^(55P03|40P01|40001)$/
// The connection, the server's resources, its operator: nothing that the migration did.
const ofServer = /^(08|53|57P|58|XX|25006)/
// Data exceptions and what a program raised may hold a value out of a row.
const tellsValues = /^(22|P0)/

/** What a statement's error makes of its migration; an error that says nothing of it stays what it is. */
export function migrationFault(version: number, statement: number, error: unknown): unknown {
  if (!(error instanceof pg.DatabaseError) || error.code === undefined || ofServer.test(error.code)) return error
  const { code, message } = error
  if (busy.test(code)) return new MigrationBusy(version, `another transaction holds its tables (${code})`, error)
  const words = tellsValues.test(code) ? 'a value cannot be used' : message
  return new MigrationFailed(version, `statement ${statement}: ${words} (${code})`, error)
}
