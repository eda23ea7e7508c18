import { sql } from 'kysely'
import type { Tx } from './database.ts'

/** The server or the role cannot be used as they are; somebody has to change them. */
export class UnfitServer extends Error {
  override readonly name = 'UnfitServer'
}

// `transaction_timeout` came with 17; a role that was changed while statements were prepared is safe from 17.1 on.
const oldest = { number: 170_001, text: '17.1' }

/** What of a server is judged before it is used. */
export interface ServerFacts {
  readonly version: number
  readonly versionText: string
  readonly database: string
  readonly user: string
  readonly canCreateRoles: boolean
  readonly ownsDatabase: boolean
  readonly isSuperuser: boolean
}

/** What keeps us from using the server, and what to do about it. */
export function serverProblems(facts: ServerFacts): readonly string[] {
  const { version, versionText, user, database } = facts
  const checks: readonly (readonly [boolean, string])[] = [
    [
      version < oldest.number,
      `it is Postgres ${versionText}, and ${oldest.text} is the oldest that will do: upgrade it`,
    ],
    [
      facts.isSuperuser,
      `role "${user}" is a superuser, which no wall would stop: use one that is LOGIN CREATEROLE only`,
    ],
    [!facts.canCreateRoles, `role "${user}" makes no roles: run ALTER ROLE "${user}" CREATEROLE`],
    [!facts.ownsDatabase, `role "${user}" does not own it: run ALTER DATABASE "${database}" OWNER TO "${user}"`],
  ]
  return checks.flatMap(([isBroken, words]) => (isBroken ? [words] : []))
}

/** Throws when the server is too old, or the role is not what it has to be. */
export async function demandFitServer(tx: Tx): Promise<void> {
  const { rows } = await sql<ServerFacts>`
    SELECT current_setting('server_version_num')::integer AS version, current_setting('server_version') AS "versionText",
      current_database() AS database, current_user AS user, rolcreaterole AS "canCreateRoles", rolsuper AS "isSuperuser",
      pg_has_role(datdba, 'USAGE') AS "ownsDatabase"
    FROM pg_roles, pg_database WHERE rolname = current_user AND datname = current_database()`.execute(tx)
  const [facts] = rows
  const problems = facts === undefined ? ['it does not say what it is'] : serverProblems(facts)
  if (problems.length === 0) return
  throw new UnfitServer(`Cannot use the database "${facts?.database ?? ''}": ${problems.join('; ')}`)
}
