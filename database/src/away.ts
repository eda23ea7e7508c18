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
  /** How long a look may take; a network that swallows everything would otherwise hold its callers for a minute. */
  readonly patienceMs?: number
}

/** The same database, which refuses at once for a while after it could not be reached; then one caller tries. */
export function restAfterFailure(database: Database, options: RestOptions): Database {
  const { name, clock, restMs = 5_000, patienceMs = 15_000 } = options
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
  // A write is waited for as long as it takes: who gave it up would not know what became of it.
  const inTime = async <T>(look: Promise<T>): Promise<T> => {
    const answered = new AbortController()
    const silence = clock.sleep(patienceMs, answered.signal).then(() => {
      throw new DatabaseAway(`Cannot use Postgres "${name}": it has not answered for ${patienceMs / 1000} seconds`)
    })
    try {
      return await Promise.race([look, silence])
    } finally {
      answered.abort()
      // Whichever comes second is nobody's news any more.
      Promise.all([look, silence]).catch(() => undefined)
    }
  }
  return {
    transaction: (call, signal, work) => guard(() => database.transaction(call, signal, work)),
    read: (call, signal, work) => guard(() => inTime(database.read(call, signal, work))),
    refusesPassword: (login, signal) => guard(() => database.refusesPassword(login, signal)),
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
  if (error instanceof DatabaseAway) return true
  if (!(error instanceof Error)) return false
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (error instanceof pg.DatabaseError) return states.test(code)
  return network.includes(code) || words.test(error.message)
}
