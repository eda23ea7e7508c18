import { sql } from 'kysely'
import type { Database, Tx } from '../database.ts'

/** A way in which Postgres fails a transaction: the real server says so, in its own words and with its own code. */
export interface PostgresFault {
  readonly title: string
  readonly over: (database: Database) => Database['transaction']
}

/** Every way. */
export function postgresFaults(): readonly PostgresFault[] {
  const failing = (title: string, spoil: (tx: Tx) => Promise<unknown>, when: 'first' | 'last'): PostgresFault => ({
    title,
    over: (database) => (call, signal, work) =>
      database.transaction(call, signal, async (tx) => {
        if (when === 'first') await spoil(tx)
        const result = await work(tx)
        if (when === 'last') await spoil(tx)
        return result
      }),
  })
  const raising = (title: string, code: string): PostgresFault =>
    failing(title, (tx) => sql.raw(`DO $$ BEGIN RAISE 'told to' USING ERRCODE = '${code}'; END $$`).execute(tx), 'last')
  const hangUp = (tx: Tx) => sql`SELECT pg_terminate_backend(pg_backend_pid())`.execute(tx)
  return [
    failing('the connection ends before the first statement', hangUp, 'first'),
    failing('the connection ends before the commit', hangUp, 'last'),
    {
      title: 'it was committed, and nobody hears of it',
      over: (database) => async (call, signal, work) => {
        await database.transaction(call, signal, work)
        throw new Error('Connection terminated unexpectedly')
      },
    },
    raising('serialization failure', '40001'),
    raising('deadlock', '40P01'),
    raising('lock not available', '55P03'),
    raising('too many connections', '53300'),
    raising('shut down by an administrator', '57P01'),
    failing('the server only reads', (tx) => sql`SET TRANSACTION READ ONLY`.execute(tx), 'first'),
  ]
}
