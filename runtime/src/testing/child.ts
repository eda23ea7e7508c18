// A real part as a child process of a test: its words go to a file, and it ends with the test.
import { spawn } from 'node:child_process'
import { openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

export interface ChildOptions {
  readonly name: string
  readonly program: string
  readonly args: readonly string[]
  readonly logPath: string
}

export interface Child {
  readonly pid: number
  /** Polls until the check is true; throws with the last words of the child when it ended or time is up. */
  untilReady(check: () => Promise<boolean>, timeoutMs: number): Promise<void>
  /** Asks it to end, kills it after 5 s, resolves when it is gone. */
  stop(): Promise<void>
}

/** Starts a program whose output goes to `logPath`. */
export function startChild({ name, program, args, logPath }: ChildOptions): Child {
  const log = openSync(logPath, 'a')
  const child = spawn(program, [...args], { stdio: ['ignore', log, log] })
  const exited = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(`exit code ${String(code)}, signal ${String(signal)}`))
    child.once('error', (error) => resolve(error.message))
  })
  let ending: string | undefined
  void exited.then((how) => (ending = how))
  // A test run that is interrupted must not leave servers behind.
  const killNow = (): void => void child.kill('SIGKILL')
  process.once('exit', killNow)
  return {
    pid: child.pid ?? -1,
    untilReady: async (check, timeoutMs) => {
      const deadlineMs = Date.now() + timeoutMs
      for (;;) {
        if (await check().catch(() => false)) return
        if (ending !== undefined || Date.now() > deadlineMs) {
          const words = (await readFile(logPath, 'utf8')).slice(-2_000)
          throw new Error(`Cannot start ${name}: ${ending ?? `not ready within ${timeoutMs} ms`}; it said:\n${words}`)
        }
        await sleep(25)
      }
    },
    stop: async () => {
      process.off('exit', killNow)
      child.kill('SIGTERM')
      await Promise.race([exited, sleep(5_000, undefined, { ref: false })])
      child.kill('SIGKILL')
      await exited
    },
  }
}
