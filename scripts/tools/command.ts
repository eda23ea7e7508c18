import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'

/** Variables of the environment, as the process got them. */
export type Environment = Readonly<Record<string, string | undefined>>

export interface Command {
  readonly file: string
  readonly args: readonly string[]
  readonly cwd?: string
  /** Variables that are set on top of the environment. */
  readonly set?: Environment
}

/** How a command is run: where its output goes, what it inherits, and what ends it. */
export interface Surroundings {
  readonly logFile: string
  readonly environment: Environment
  readonly signal: AbortSignal
}

const graceMs = 5_000

export function commandText(command: Command): string {
  return [command.file, ...command.args].map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word}'`)).join(' ')
}

/** Runs a command with all its output in the log file. Throws when it fails; when told to stop, the command and
 * everything it started are ended first. */
export async function runCommand(command: Command, around: Surroundings): Promise<void> {
  around.signal.throwIfAborted()
  const log = openSync(around.logFile, 'a')
  try {
    writeSync(log, `$ ${commandText(command)}\n`)
    await waitFor(command, around, log)
  } finally {
    closeSync(log)
  }
}

function waitFor(command: Command, around: Surroundings, log: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>()
  // A group of its own: a build's compilers and linkers end with it, not after it.
  const child = spawn(command.file, command.args, {
    cwd: command.cwd,
    env: { ...around.environment, ...command.set },
    stdio: ['ignore', log, log],
    detached: true,
  })
  let last: NodeJS.Timeout | undefined
  const end = (): void => {
    killGroup(child.pid, 'SIGTERM')
    last = setTimeout(() => killGroup(child.pid, 'SIGKILL'), graceMs)
  }
  around.signal.addEventListener('abort', end, { once: true })
  const settle = (failure: Error | undefined): void => {
    clearTimeout(last)
    around.signal.removeEventListener('abort', end)
    if (around.signal.aborted) reject(new Error('stopped', { cause: around.signal.reason }))
    else if (failure === undefined) resolve(undefined)
    else reject(failure)
  }
  child.on('error', (cause) =>
    settle(new Error(`\`${commandText(command)}\` cannot be run: ${cause.message}`, { cause })),
  )
  child.on('exit', (code, signal) => {
    const how = signal === null ? `ended with code ${code ?? 1}` : `was ended by ${signal}`
    settle(code === 0 ? undefined : new Error(`\`${commandText(command)}\` ${how}`))
  })
  return promise
}

function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch {
    // The group has already ended, which is what was wanted.
  }
}

/** The last lines of a log file, for a person who has to see why it failed. */
export function lastLines(text: string, count: number): readonly string[] {
  return text.trimEnd().split('\n').slice(-count)
}

export function lastLinesOf(file: string, count: number): readonly string[] {
  return lastLines(readFileSync(file, 'utf8'), count)
}
