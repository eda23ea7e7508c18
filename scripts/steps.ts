import { spawn } from 'node:child_process'
import { join } from 'node:path'

/** One command of a longer run, with the line a person reads while it works. */
export interface Step {
  readonly name: string
  readonly command: readonly [string, ...string[]]
}

export const repositoryRoot = join(import.meta.dirname, '..')
const progressEveryMs = 15_000

function seconds(sinceMs: number): string {
  return `${((Date.now() - sinceMs) / 1000).toFixed(1)} s`
}

/** Runs a step with its output shown; a line every 15 s says that it is still at work. Yields whether it succeeded. */
export async function runStep(step: Step): Promise<boolean> {
  const startedMs = Date.now()
  console.log(`▸ ${step.name}`)
  const [program, ...args] = step.command
  const child = spawn(program, args, { cwd: repositoryRoot, stdio: ['ignore', 'inherit', 'inherit'] })
  // From a terminal the step gets Ctrl-C too, and tidies up; this process waits for it and goes on to nothing else.
  const stop = new AbortController()
  const onInterrupt = () => stop.abort()
  const onTerminate = () => {
    stop.abort()
    child.kill('SIGTERM')
  }
  process.on('SIGINT', onInterrupt)
  process.on('SIGTERM', onTerminate)
  const progress = setInterval(() => console.log(`  … ${step.name}: ${seconds(startedMs)}`), progressEveryMs)
  const code = await new Promise<number>((resolve) => {
    child.on('error', (error) => {
      console.error(`Cannot run ${program}: ${error.message}`)
      resolve(1)
    })
    child.on('exit', (status, signal) => resolve(signal === null ? (status ?? 1) : 1))
  })
  clearInterval(progress)
  process.off('SIGINT', onInterrupt)
  process.off('SIGTERM', onTerminate)
  if (stop.signal.aborted) process.exit(130)
  console.log(`${code === 0 ? '✓' : '✗'} ${step.name} (${seconds(startedMs)})`)
  return code === 0
}
