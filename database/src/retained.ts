import type { Database, Tx } from './database.ts'

/** What a deleted tenant left behind, and where. */
export interface Retained {
  readonly id: string
  readonly uid: string
  readonly name: string
  /** Undefined where there is no realm of ours. */
  readonly realm: string | undefined
  readonly identityShard: string | undefined
  readonly schema: string
  readonly databaseShard: string | undefined
}

/** Retained as it was recorded. */
export type RetainedRecord = Retained & {
  readonly retainedAtMs: number
  /** The uid of the Tenant that takes it up, or did. */
  readonly adoptedBy: string | undefined
  /** Set once all of it was taken up. */
  readonly adoptedAtMs: number | undefined
  /** Somebody is removing it: nobody takes it up any more. */
  readonly isPurged: boolean
}

/** The list of what deleted tenants left behind: by it they are found again, and purged only on purpose. */
export interface RetainedRegistry {
  find(id: string, signal: AbortSignal): Promise<RetainedRecord | undefined>
  list(signal: AbortSignal): Promise<readonly RetainedRecord[]>
  /** Writes the record; one that is there already stays as it is. */
  record(retained: Retained, nowMs: number, signal: AbortSignal): Promise<void>
  /** Reserves the record for one Tenant; gives the record as it is then, whoever it is reserved for. */
  reserve(id: string, uid: string, signal: AbortSignal): Promise<RetainedRecord | undefined>
  /** Reserves the record for nobody, so that what it tells of can be removed; gives the record as it is then. */
  beginPurge(id: string, signal: AbortSignal): Promise<RetainedRecord | undefined>
  /** Notes that everything was taken up. */
  finish(id: string, nowMs: number, signal: AbortSignal): Promise<void>
  /** Whether anything is reserved for that Tenant, taken up or not. */
  isHeldBy(uid: string, signal: AbortSignal): Promise<boolean>
  /** Ends that, when the Tenant goes itself: what it took up is forgotten, what it only reserved is kept for others. */
  letGo(uid: string, signal: AbortSignal): Promise<void>
  /** Removes the record; one that is gone already is as good. */
  forget(id: string, signal: AbortSignal): Promise<void>
}

// In place of the uid of a Tenant, and like none.
const purgeMark = (id: string): string => `purge/${id}`

export function createRetainedRegistry(database: Database): RetainedRegistry {
  const reserve: RetainedRegistry['reserve'] = (id, uid, signal) =>
    database.transaction('reserve retained', signal, async (tx) => {
      const update = tx.withSchema('public').updateTable('retained').set({ adopted_by: uid })
      await update.where('id', '=', id).where('adopted_by', 'is', null).execute()
      const row = await rows(tx).where('id', '=', id).executeTakeFirst()
      return row === undefined ? undefined : recordOf(row)
    })
  return {
    reserve,
    beginPurge: (id, signal) => reserve(id, purgeMark(id), signal),
    find: (id, signal) =>
      database.read('find retained', signal, async (tx) => {
        const row = await rows(tx).where('id', '=', id).executeTakeFirst()
        return row === undefined ? undefined : recordOf(row)
      }),
    list: (signal) =>
      database.read('list retained', signal, async (tx) =>
        (await rows(tx).orderBy('retained_at').execute()).map(recordOf),
      ),
    record: async (retained, nowMs, signal) => {
      await database.transaction('record retained', signal, async (tx) => {
        const { id, uid, name, realm, schema } = retained
        const shards = {
          identity_shard: retained.identityShard ?? null,
          database_shard: retained.databaseShard ?? null,
        }
        const times = { retained_at: new Date(nowMs), adopted_by: null, adopted_at: null }
        const row = { id, uid, name, realm: realm ?? null, schema, ...shards, ...times }
        const insert = tx.withSchema('public').insertInto('retained').values(row)
        await insert.onConflict((conflict) => conflict.column('id').doNothing()).execute()
      })
    },
    finish: async (id, nowMs, signal) => {
      await database.transaction('finish adoption', signal, async (tx) => {
        const update = tx
          .withSchema('public')
          .updateTable('retained')
          .set({ adopted_at: new Date(nowMs) })
        await update.where('id', '=', id).where('adopted_at', 'is', null).execute()
      })
    },
    isHeldBy: (uid, signal) =>
      database.read('find adopted', signal, async (tx) => {
        return (await rows(tx).where('adopted_by', '=', uid).executeTakeFirst()) !== undefined
      }),
    letGo: async (uid, signal) => {
      await database.transaction('let go of adopted', signal, async (tx) => {
        const db = tx.withSchema('public')
        await db.deleteFrom('retained').where('adopted_by', '=', uid).where('adopted_at', 'is not', null).execute()
        await db.updateTable('retained').set({ adopted_by: null }).where('adopted_by', '=', uid).execute()
      })
    },
    forget: async (id, signal) => {
      await database.transaction('forget retained', signal, async (tx) => {
        await tx.withSchema('public').deleteFrom('retained').where('id', '=', id).execute()
      })
    },
  }
}

function rows(tx: Tx) {
  return tx.withSchema('public').selectFrom('retained').selectAll()
}

type Row = Awaited<ReturnType<ReturnType<typeof rows>['execute']>>[number]

function recordOf(row: Row): RetainedRecord {
  return {
    ...{ id: row.id, uid: row.uid, name: row.name, schema: row.schema },
    realm: row.realm ?? undefined,
    identityShard: row.identity_shard ?? undefined,
    databaseShard: row.database_shard ?? undefined,
    retainedAtMs: row.retained_at.getTime(),
    isPurged: row.adopted_by === purgeMark(row.id),
    adoptedBy: row.adopted_by === purgeMark(row.id) ? undefined : (row.adopted_by ?? undefined),
    adoptedAtMs: row.adopted_at?.getTime(),
  }
}
