import type { Database } from './database.ts'

/** When each tenant's keys were last seen at their issuer, so that a restart does not make old keys young. */
export interface KeySightings {
  find(tenantUid: string, signal: AbortSignal): Promise<number | undefined>
  /** A later time stays. */
  record(tenantUid: string, atMs: number, signal: AbortSignal): Promise<void>
}

export function createKeySightings(database: Database): KeySightings {
  return {
    find: (tenantUid, signal) =>
      database.read('find key sighting', signal, async (tx) => {
        const table = tx.withSchema('public').selectFrom('key_sightings')
        const row = await table.select('seen_at').where('tenant_uid', '=', tenantUid).executeTakeFirst()
        return row?.seen_at.getTime()
      }),
    record: async (tenantUid, atMs, signal) => {
      const row = { seen_at: new Date(atMs) }
      await database.transaction('record key sighting', signal, (tx) =>
        tx
          .withSchema('public')
          .insertInto('key_sightings')
          .values({ tenant_uid: tenantUid, ...row })
          .onConflict((conflict) =>
            conflict.column('tenant_uid').doUpdateSet(row).where('key_sightings.seen_at', '<', row.seen_at),
          )
          .execute(),
      )
    },
  }
}
