import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { open, readFile, rename, stat } from 'node:fs/promises'
import { getPriority, setPriority } from 'node:os'
import type { Clock } from './clock.ts'
import type { Command } from './part.ts'
import type { ProcessId } from './process-info.ts'
import { identifyProcess, isRunning } from './process-info.ts'

const pollMs = 50
const longLogBytes = 20_000_000

/** What a process gets from its surroundings. */
export interface Surroundings {
  readonly logFile: string
  readonly path: string
  /** How far it steps back when the cores are scarce; 0 not at all. */
  readonly niceness: number
}

/** A process that was just started. */
export interface Launched {
  readonly id: ProcessId
  /** Resolves with how it ended; never rejects. */
  readonly ended: Promise<string>
}

/**
 * Starts a command in a session of its own, so that neither Ctrl-C nor the end of this process reaches it, with both
 * outputs appended to the log file.
 */
export async function launch(command: Command, around: Surroundings): Promise<Launched> {
  await setAsideLongLog(around.logFile)
  const log = await open(around.logFile, 'a', 0o600)
  try {
    const child = spawn(command.file, command.args, {
      detached: true,
      cwd: command.cwd ?? '/',
      env: { PATH: around.path, LANG: 'C.UTF-8', ...command.env },
      stdio: ['ignore', log.fd, log.fd],
      ...command.user,
    })
    const ended = endOf(child)
    // At once, before it makes threads: each thread has a priority of its own, and takes it from its maker.
    if (child.pid !== undefined) setPriority(child.pid, Math.max(getPriority(), around.niceness))
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve)
      child.once('error', (cause) =>
        reject(new Error(`Cannot start ${JSON.stringify(command.file)}: ${cause.message}`)),
      )
    })
    child.unref()
    const id = child.pid === undefined ? undefined : await identifyProcess(child.pid)
    if (id === undefined) throw new Error(`${JSON.stringify(command.file)} ended at once (${await ended})`)
    return { id, ended }
  } finally {
    await log.close()
  }
}

// Only between two starts: the one before is kept, what is older goes.
async function setAsideLongLog(logFile: string): Promise<void> {
  const { size } = await stat(logFile).catch(() => ({ size: 0 }))
  if (size > longLogBytes) await rename(logFile, `${logFile}.1`)
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (fault) => resolve(fault.message))
    child.once('exit', (code, signal) =>
      resolve(signal === null ? `exit code ${code ?? 'unknown'}` : `signal ${signal}`),
    )
  })
}

/** Sends a signal to exactly that process; false when it has ended. */
export async function sendSignal(id: ProcessId, signal: NodeJS.Signals): Promise<boolean> {
  if (!(await isRunning(id))) return false
  try {
    return process.kill(id.pid, signal)
  } catch (fault) {
    if (fault instanceof Error && 'code' in fault && fault.code === 'ESRCH') return false
    throw fault
  }
}

/** Waits for the end of a process; false when the time is over first. */
export async function waitForEnd(id: ProcessId, timeoutMs: number, clock: Clock): Promise<boolean> {
  const deadline = clock.now() + timeoutMs
  while (await isRunning(id)) {
    if (clock.now() > deadline) return false
    await clock.wait(pollMs)
  }
  return true
}

/** Ends a process: asks first, and insists when the grace is over. */
export async function endProcess(
  id: ProcessId,
  stop: { readonly signal: NodeJS.Signals; readonly graceMs: number },
  clock: Clock,
): Promise<void> {
  if (!(await sendSignal(id, stop.signal))) return
  // A process that a test has halted sees the signal only when it goes on.
  await sendSignal(id, 'SIGCONT')
  if (await waitForEnd(id, stop.graceMs, clock)) return
  await sendSignal(id, 'SIGKILL')
  if (!(await waitForEnd(id, 10_000, clock))) throw new Error(`Cannot end process ${id.pid}: it outlives SIGKILL`)
}

/** The last lines of a log file; empty when there is none. */
export async function lastLines(file: string, count: number): Promise<readonly string[]> {
  const text = await readFile(file, 'utf8').catch(() => '')
  return text.trimEnd().split('\n').slice(-count)
}
