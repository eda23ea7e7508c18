import { sql } from 'kysely'
import type { Database } from './database.ts'

export interface ShardName {
  readonly name: string
  /** What the first shard answered; undefined: this is the first. */
  readonly installation: string | undefined
}

/** The database of an address is not the shard that the configuration says it is. */
export class WrongShard extends Error {
  override readonly name = 'WrongShard'
}

/**
 * Writes into a database which shard of which installation it is, or compares: with two addresses mixed up, every
 * schema would look lost, and a tenant that is deleted would look gone. Gives the installation.
 */
export async function nameShard(
  database: Database,
  { name, installation }: ShardName,
  signal: AbortSignal,
): Promise<string> {
  return database.transaction('name shard', signal, async (tx) => {
    await sql`INSERT INTO public.shard (name, installation) VALUES (${name}, coalesce(${installation ?? null}::uuid, gen_random_uuid()))
      ON CONFLICT DO NOTHING`.execute(tx)
    const row = await tx.withSchema('public').selectFrom('shard').selectAll().executeTakeFirstOrThrow()
    if (row.name !== name) {
      throw new WrongShard(
        `Cannot use a database as Postgres shard "${name}": it is the shard "${row.name}"; correct the addresses or the names in the configuration`,
      )
    }
    if (installation !== undefined && row.installation !== installation) {
      throw new WrongShard(
        `Cannot use a database as Postgres shard "${name}": it belongs to another installation (public.shard names ${row.installation}, the registry is of ${installation})`,
      )
    }
    return row.installation
  })
}
