import { backoffMs } from '../backoff.ts'
import type { Backoff } from '../backoff.ts'
import type { Clock } from '../clock.ts'
import type { Logger } from '../logger.ts'
import { isAborted, pause } from '../pause.ts'

export interface SuperviseOptions {
  readonly clock: Clock
  readonly logger: Logger
  readonly signal: AbortSignal
  readonly backoff?: Backoff | undefined
}

const defaultBackoff: Backoff = { baseMs: 1_000, maxMs: 60_000, random: Math.random }
// A task that ran this long was healthy: its next fault starts the back-off afresh.
const healthyAfterMs = 60_000

/** Runs a long-lived task and starts it again, with back-off, when it ends or throws; resolves after the abort. */
export async function supervise(
  name: string,
  task: (signal: AbortSignal) => Promise<void>,
  { clock, logger, signal, backoff = defaultBackoff }: SuperviseOptions,
): Promise<void> {
  let attempt = 0
  while (!signal.aborted) {
    const startedMs = clock.now()
    const fault = await faultOf(task, signal)
    if (isAborted(signal)) return
    if (clock.now() - startedMs >= healthyAfterMs) attempt = 0
    const retryAfterMs = backoffMs(attempt, backoff)
    attempt += 1
    if (fault === undefined) logger.warn({ task: name, retryAfterMs }, 'task ended, starting it again')
    else logger.error({ task: name, retryAfterMs, err: fault }, 'task failed, starting it again')
    await pause(clock, retryAfterMs, signal)
  }
}

async function faultOf(task: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<Error | undefined> {
  try {
    await task(signal)
    return undefined
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}
