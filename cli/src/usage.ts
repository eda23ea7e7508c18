import type { Command, Flag } from './command.ts'

/** What `bulkhead --help` prints. */
export function helpOf(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ words }) => words.length))
  const lines = commands.map(({ words, summary }) => `  ${words.padEnd(width)}  ${summary}`)
  return `The command line of the platform's operators.

Usage: bulkhead COMMAND --config FILE

${lines.join('\n')}

  --config FILE   the operator's configuration file
  --help          what a command does and takes
  --version       the version

Exit codes: 0 done, 1 a fault, 2 a wrong flag or option, 3 refused or not all done, 130 interrupted
`
}

/** What `bulkhead COMMAND --help` prints. */
export function helpOfCommand(command: Command): string {
  const flags = [...command.flags, configFlag].map((flag) => `  ${flagText(flag).padEnd(20)}  ${flag.help}`)
  return `${command.summary}

Usage: ${usageOf(command)}

${flags.join('\n')}
`
}

/** One line: how a command is called. */
export function usageOf({ words, operands, flags }: Command): string {
  const parts = [...flags, configFlag].map((flag) => (flag.isNeeded ? flagText(flag) : `[${flagText(flag)}]`))
  return ['bulkhead', words, ...operands, ...parts].join(' ')
}

/** The flag that every command takes. */
export const configFlag: Flag = {
  name: 'config',
  value: 'FILE',
  isNeeded: true,
  help: "the operator's configuration file",
}

/** A flag as it is written, with what stands for its value. */
export function flagText({ name, value }: Flag): string {
  return value === undefined ? `--${name}` : `--${name} ${value}`
}
