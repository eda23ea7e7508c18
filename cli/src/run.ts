import { ConfigProblem, loadConfig, onShutdown } from '@bulkhead/runtime'
import type { SteadyClock, Surroundings } from '@bulkhead/runtime'
import { Refusal, Unfinished, exitCodes } from './command.ts'
import type { Call, Command } from './command.ts'
import { cliConfig } from './config.ts'
import { parseCommandLine } from './parse.ts'
import type { Asked } from './parse.ts'
import { helpOf, helpOfCommand } from './usage.ts'

const version = '0.1.0'

/** The outside of the command line, so that a test can be it. */
export type CommandSurroundings = Surroundings & { readonly clock: SteadyClock }

/** Runs what the command line asks for, and gives the exit code. */
export async function runCommandLine(commands: readonly Command[], around: CommandSurroundings): Promise<number> {
  const signal = onShutdown(around.signals)
  let left = 'nothing was changed'
  try {
    const asked = parseCommandLine(commands, around.argv)
    if (asked.kind === 'run') left = asked.command.interrupted
    if (asked.kind === 'version') around.print(`bulkhead ${version}\n`)
    else if (asked.kind === 'help') around.print(asked.command ? helpOfCommand(asked.command) : helpOf(commands))
    else await asked.command.run(await callOf(asked, around, signal))
    return exitCodes.done
  } catch (error) {
    return ending(error, around, signal.aborted ? left : undefined)
  }
}

async function callOf(
  { operands, values }: Extract<Asked, { kind: 'run' }>,
  around: CommandSurroundings,
  signal: AbortSignal,
): Promise<Call> {
  const textOf = (name: string): string | undefined => {
    const value = values.get(name)
    return value === true ? undefined : value
  }
  const { readFile } = around
  const argv = ['--config', textOf('config') ?? '']
  const config = await loadConfig(cliConfig, { argv, readFile, program: 'bulkhead' })
  return {
    operand: (name) => operands.get(name) ?? '',
    value: textOf,
    isSet: (name) => values.has(name),
    ...{ config, signal, clock: around.clock },
    print: (line) => around.print(`${line}\n`),
    tell: (line) => around.printError(`${line}\n`),
  }
}

/** `left` is what the interruption leaves, where there was one. */
function ending(error: unknown, { printError }: CommandSurroundings, left: string | undefined): number {
  if (error instanceof ConfigProblem || error instanceof Refusal || error instanceof Unfinished) {
    printError(`${error.message}\n`)
    return error instanceof ConfigProblem ? exitCodes.usage : exitCodes.refused
  }
  if (left !== undefined) {
    printError(`Interrupted: ${left}\n`)
    return exitCodes.interrupted
  }
  printError(`bulkhead ended with a fault: ${causesOf(error)}\n`)
  return exitCodes.fault
}

function causesOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  // A host of several addresses fails once for each, and says nothing itself.
  if (error instanceof AggregateError) return error.errors.map(causesOf).join(', ')
  return error.cause === undefined ? error.message : `${error.message}: ${causesOf(error.cause)}`
}
