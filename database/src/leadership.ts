// Of several operators one leads, and Postgres is where that is certain: whoever begins to lead raises the epoch, and every
// write compares it inside its own transaction. The lease says who should lead; this says whose writes count.
import { LostLeadership } from '@bulkhead/runtime'
import { sql } from 'kysely'
import type { Database, Tx } from './database.ts'

/** One leader's time, as Postgres knows it. */
export interface Reign {
  readonly epoch: string
  readonly holder: string
}

export interface Fence extends Reign {
  /** Throws when the lease is not surely ours; asked before a transaction begins, so that it need not begin. */
  readonly demand: (doing: string) => void
}

// Two numbers that name the lock of leadership: writers share it, a new leader has it alone.
const [lockSpace, lockName] = [0x42_48_4c_44, 1]

/**
 * Raises the epoch. It ends the transactions that an earlier leader still has open, for a process that hangs in the
 * middle of one must not keep its successor waiting; they are undone. Once this resolves, no write of an earlier epoch
 * can be committed. `confirm` is asked while nobody else can raise it; when it throws, the epoch stays.
 */
export async function takeLeadership(
  database: Database,
  holder: string,
  signal: AbortSignal,
  confirm: () => Promise<void> = () => Promise.resolve(),
): Promise<Reign> {
  return database.transaction('take leadership', signal, async (tx) => {
    await endEarlierWrites(tx)
    await sql`SELECT pg_advisory_xact_lock(${lockSpace}::integer, ${lockName}::integer)`.execute(tx)
    await confirm()
    const { rows } = await sql<Pick<Reign, 'epoch'>>`
      INSERT INTO public.leadership (epoch, holder, since) VALUES (1, ${holder}, now())
      ON CONFLICT (only_row) DO UPDATE SET epoch = leadership.epoch + 1, holder = EXCLUDED.holder, since = EXCLUDED.since
      RETURNING epoch::text AS epoch`.execute(tx)
    const [row] = rows
    if (row === undefined) throw new Error('Cannot take the leadership: Postgres gave no epoch')
    return { epoch: row.epoch, holder }
  })
}

/** The same database, whose transactions are refused with `LostLeadership` once somebody else leads. Reads are free. */
export function fenceWrites(database: Database, fence: Fence): Database {
  return {
    ...database,
    transaction: async (call, signal, work) => {
      fence.demand(call)
      return database.transaction(call, signal, async (tx) => {
        await demandEpoch(tx, fence, call)
        return work(tx)
      })
    },
  }
}

async function endEarlierWrites(tx: Tx): Promise<void> {
  await sql`
    SELECT pg_terminate_backend(pid) FROM pg_locks
    WHERE locktype = 'advisory' AND granted AND mode = 'ShareLock' AND classid = ${lockSpace}::oid AND objid = ${lockName}::oid AND objsubid = 2
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND pid <> pg_backend_pid()
      AND pid IN (SELECT pid FROM pg_stat_activity WHERE usename = current_user)`.execute(tx)
}

// Two statements: the second one has to see what was committed while the first one waited.
async function demandEpoch(tx: Tx, { epoch }: Reign, call: string): Promise<void> {
  await sql`SELECT pg_advisory_xact_lock_shared(${lockSpace}::integer, ${lockName}::integer)`.execute(tx)
  const row = await tx.withSchema('public').selectFrom('leadership').select(['epoch', 'holder']).executeTakeFirst()
  if (row?.epoch === epoch) return
  throw new LostLeadership(call, row === undefined ? 'nobody leads' : `"${row.holder}" leads by now`)
}
