import type { SteadyClock } from '@bulkhead/runtime'
import type { CliConfig } from './config.ts'

/** A flag of one command; without `value` it is a switch. */
export interface Flag {
  readonly name: string
  /** What stands for its value in the usage: `DIR`. */
  readonly value?: string
  readonly isNeeded?: boolean
  readonly help: string
}

/** What a command was called with, checked against what it declares. */
export interface Call {
  /** The operand of this name; every one that a command declares is there. */
  operand(name: string): string
  /** The flag's value; undefined when it was left out. */
  value(name: string): string | undefined
  isSet(name: string): boolean
  readonly config: CliConfig
  readonly clock: SteadyClock
  /** Aborts at Ctrl-C. */
  readonly signal: AbortSignal
  /** A line of the result, to stdout. */
  print(line: string): void
  /** A line for the person who waits, to stderr. */
  tell(line: string): void
}

/** One command of `bulkhead`. */
export interface Command {
  /** The words that choose it: `tenant export`. */
  readonly words: string
  readonly operands: readonly string[]
  readonly flags: readonly Flag[]
  readonly summary: string
  /** What Ctrl-C leaves, whenever it comes: `nothing was changed`. */
  readonly interrupted: string
  /** Throws a `Refusal` for what cannot be done as asked, a `ConfigProblem` for a wrong flag, anything else for a fault. */
  run(call: Call): Promise<void>
}

/** What was asked for cannot be done, and nothing was changed; the message says why. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
}

/** What was asked for was done as far as it could be, and something is left; the message says how much. */
export class Unfinished extends Error {
  override readonly name = 'Unfinished'
}

/** How `bulkhead` ends. 2 is what `ConfigProblem` ends every program of ours with. */
export const exitCodes = { done: 0, fault: 1, usage: 2, refused: 3, interrupted: 130 } as const
