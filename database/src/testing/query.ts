import pg from 'pg'
import type { DatabaseServer } from '@bulkhead/runtime/testing'

/** Runs SQL on a connection of its own. */
export async function queryOnce(
  server: DatabaseServer,
  text: string,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const { host, port, user, password, database } = server
  const client = new pg.Client({ host, port, user, password, database, connectionTimeoutMillis: 10_000 })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(text)).rows
  } finally {
    await client.end()
  }
}
