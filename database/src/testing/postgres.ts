import { startEmbedded } from './embedded.ts'
import { useServer } from './server.ts'

export interface TestPostgres {
  readonly host: string
  readonly port: number
  readonly database: string
  /** The operator's own role: LOGIN CREATEROLE, owner of its database, nothing more. */
  readonly user: string
  readonly password: string
  readonly superuser: { readonly user: string; readonly password: string }
  /** Runs SQL as the superuser. */
  query(text: string, database?: string): Promise<readonly Readonly<Record<string, unknown>>[]>
  /** Makes one more database of the operator's role; gives its name. It goes with the others. */
  createDatabase(word: string): Promise<string>
  stop(): Promise<void>
}

/**
 * A Postgres with the operator's role and database: one that is started for this, on a free port and in a folder that
 * `stop` removes; or, where `DATABASE_URL` names a server, that one, on which `stop` removes what was made.
 */
export async function startTestPostgres(): Promise<TestPostgres> {
  // eslint-disable-next-line no-restricted-syntax -- whoever runs the tests chooses the server, and there is no main.ts
  const url = process.env['DATABASE_URL']
  return url === undefined || url === '' ? startEmbedded() : useServer(url)
}
