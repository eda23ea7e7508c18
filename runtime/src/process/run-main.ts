import { readFile } from 'node:fs/promises'
import { ConfigProblem, commandOf, loadConfig } from './config.ts'
import type { Program } from './config.ts'
import { onShutdown } from './shutdown.ts'
import type { SignalSource } from './shutdown.ts'

export type Main<T> = (config: T, signal: AbortSignal) => Promise<void>

/** The outside of a program, so that a test can be it. */
export interface Surroundings {
  readonly argv: readonly string[]
  readonly readFile: (path: string) => Promise<string>
  readonly print: (text: string) => void
  readonly printError: (text: string) => void
  readonly signals: SignalSource
}

/** Runs `main` with the checked configuration until it ends or a signal comes, then ends the process. */
export async function runMain<T>(program: Program<T>, main: Main<T>): Promise<void> {
  const code = await runProgram(program, main, {
    argv: process.argv.slice(2),
    readFile: (path) => readFile(path, 'utf8'),
    print: (text) => process.stdout.write(text),
    printError: (text) => process.stderr.write(text),
    signals: process,
  })
  // Idle connections of libraries would hold the process open; everything of ours has ended.
  process.exit(code)
}

/** Exit code 0: ended well; 1: a fault; 2: a flag or an option that cannot be used. */
export async function runProgram<T>(program: Program<T>, main: Main<T>, around: Surroundings): Promise<number> {
  try {
    const command = commandOf(around.argv)
    if (command.kind === 'help') around.print(helpOf(program))
    else if (command.kind === 'version') around.print(`${program.name} ${program.version}\n`)
    else {
      const input = { argv: around.argv, readFile: around.readFile, program: program.name }
      const config = await loadConfig(program.schema, input)
      await main(config, onShutdown(around.signals))
    }
    return 0
  } catch (error) {
    if (error instanceof ConfigProblem) {
      around.printError(`${error.message}\n`)
      return 2
    }
    around.printError(`${program.name} ended with a fault: ${causesOf(error)}\n`)
    return 1
  }
}

function helpOf<T>({ name, description }: Program<T>): string {
  return `${description}

Usage: ${name} --config FILE

  --config FILE   configuration, YAML or JSON; secrets are named by file
  --help          show this text
  --version       show the version
`
}

function causesOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause === undefined ? error.message : `${error.message}: ${causesOf(error.cause)}`
}
