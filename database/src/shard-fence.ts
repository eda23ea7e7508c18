// The fence of a further shard. The registry says who leads; a shard has an epoch of its own, which a leader raises before
// it looks at the shard for the first time. Whatever an earlier leader still writes there comes before that look, or never.
import type { Database } from './database.ts'
import { fenceWrites, takeLeadership } from './leadership.ts'
import type { Fence } from './leadership.ts'
import { prepareRegistry } from './ledger.ts'
import { nameShard } from './shard-name.ts'

export interface ShardTerm {
  /** The first shard, with the fence of this leader. */
  readonly registry: Database
  readonly installation: string
  readonly holder: string
  readonly demand: Fence['demand']
  /** Ends when this process leads no more. */
  readonly signal: AbortSignal
}

export interface FurtherShard {
  readonly name: string
  readonly database: Database
  readonly databaseName: string
}

/**
 * The same database for one leader: prepared, named and fenced before its first use, which is when somebody needs it: one
 * that is away keeps nobody from leading. After a failure the next use tries again.
 */
export function fenceShard(shard: FurtherShard, term: ShardTerm): Database {
  let opening: Promise<Database> | undefined
  const open = (): Promise<Database> => {
    opening ??= take(shard, term).catch((error: unknown) => {
      opening = undefined
      throw error
    })
    return opening
  }
  return {
    transaction: async (call, signal, work) => (await open()).transaction(call, signal, work),
    read: async (call, signal, work) => (await open()).read(call, signal, work),
    refusesPassword: async (login, signal) => (await open()).refusesPassword(login, signal),
    close: () => shard.database.close(),
  }
}

async function take({ name, database, databaseName }: FurtherShard, term: ShardTerm): Promise<Database> {
  const { registry, installation, holder, demand, signal } = term
  const stillLead = () => registry.transaction('confirm leadership', signal, () => Promise.resolve())
  await stillLead()
  await prepareRegistry(database, databaseName, signal)
  await nameShard(database, { name, installation }, signal)
  // Asked while the shard's lock is held: a later leader's turn at this lock comes after ours, however late we are.
  return fenceWrites(database, { ...(await takeLeadership(database, holder, signal, stillLead)), demand })
}
