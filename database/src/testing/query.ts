import pg from 'pg'

/** A server, and what opens it for a superuser. */
export interface Server {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  /** Where to log in for work on the whole server. */
  readonly database: string
}

/** Runs SQL on a connection of its own. */
export async function queryOnce(server: Server, text: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const { host, port, user, password, database } = server
  const client = new pg.Client({ host, port, user, password, database, connectionTimeoutMillis: 10_000 })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(text)).rows
  } finally {
    await client.end()
  }
}
