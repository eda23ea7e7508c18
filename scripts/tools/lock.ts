import { mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

// A lock that nobody has touched for this long belongs to a run that died, even if its pid lives on as something else.
const staleAfterMs = 60_000
const touchEveryMs = 10_000

/** Holds the lock file while `work` runs. Another live run's lock is waited for; a dead one's is taken over.
 * Two runs that take over a dead lock at the same instant may both build: the rename at the end lets one win. */
export async function withLock<T>(
  path: string,
  { signal, onWait }: { readonly signal: AbortSignal; readonly onWait: (pid: number) => void },
  work: () => Promise<T>,
): Promise<T> {
  mkdirSync(dirname(path), { recursive: true })
  let told = false
  while (!take(path)) {
    const holder = liveHolder(path)
    if (holder === undefined) rmSync(path, { force: true })
    else {
      if (!told) onWait(holder)
      told = true
      await pause(500, undefined, { signal })
    }
  }
  const touch = setInterval(() => touchLock(path), touchEveryMs)
  try {
    return await work()
  } finally {
    clearInterval(touch)
    if (readHolder(path) === process.pid) rmSync(path, { force: true })
  }
}

function take(path: string): boolean {
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

function touchLock(path: string): void {
  const now = new Date()
  try {
    utimesSync(path, now, now)
  } catch {
    // Another run took it for dead and has taken it over; this one goes on, see above.
  }
}

function readHolder(path: string): number | undefined {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return undefined
  return Number.parseInt(readFileSync(path, 'utf8'), 10)
}

/** The pid of the run that holds the lock, if that run is alive. */
function liveHolder(path: string): number | undefined {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined || Date.now() - stat.mtimeMs > staleAfterMs) return undefined
  const pid = readHolder(path)
  // A lock that was just made is empty for an instant: its maker lives.
  if (pid === undefined || Number.isNaN(pid)) return 0
  return isAlive(pid) ? pid : undefined
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
