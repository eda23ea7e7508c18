// A server that does not answer costs each caller the whole time-out, and the callers are workers that others need.
import type { Clock } from '@bulkhead/runtime'
import pg from 'pg'
import type { Database } from './database.ts'

/** A server did not answer a moment ago and is not asked before it has had a rest. */
export class DatabaseAway extends Error {
  override readonly name = 'DatabaseAway'
}

export interface RestOptions {
  /** What the server is called. */
  readonly name: string
  readonly clock: Clock
  readonly restMs?: number
}

/** The same database, which refuses at once for a while after it could not be reached; then one caller tries. */
export function restAfterFailure(database: Database, { name, clock, restMs = 5_000 }: RestOptions): Database {
  let failure: { readonly error: unknown; readonly untilMs: number } | undefined
  let isTried = false
  const attempt = async <T>(run: () => Promise<T>): Promise<T> => {
    try {
      const result = await run()
      failure = undefined
      return result
    } catch (error) {
      failure = isAway(error) ? { error, untilMs: clock.now() + restMs } : undefined
      throw error
    }
  }
  const guard = async <T>(run: () => Promise<T>): Promise<T> => {
    if (failure === undefined) return attempt(run)
    if (isTried || clock.now() < failure.untilMs) {
      throw new DatabaseAway(`Cannot use Postgres "${name}": it did not answer a moment ago`, { cause: failure.error })
    }
    isTried = true
    try {
      return await attempt(run)
    } finally {
      isTried = false
    }
  }
  return {
    transaction: (call, signal, work) => guard(() => database.transaction(call, signal, work)),
    read: (call, signal, work) => guard(() => database.read(call, signal, work)),
    close: () => database.close(),
  }
}

const network: readonly string[] = [
  ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT'],
  ...['EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN'],
]
// What the driver says itself, without a code.
const words = /timeout exceeded when trying to connect|connection terminated|query read timeout|not queryable/i
// Connection exceptions; shutting down, crashed, starting; no connection left.
const states = /^(08...|57P0[123]|53300)$/

/** Whether a fault means that the server cannot be reached, whatever was asked of it. */
export function isAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (error instanceof pg.DatabaseError) return states.test(code)
  return network.includes(code) || words.test(error.message)
}
