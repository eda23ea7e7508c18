import { parseArgs } from 'node:util'
import { ConfigProblem } from '@bulkhead/runtime'
import type { Command, Flag } from './command.ts'
import { configFlag, usageOf } from './usage.ts'

/** What a command line asks for. */
export type Asked =
  | { readonly kind: 'help'; readonly command?: Command }
  | { readonly kind: 'version' }
  | {
      readonly kind: 'run'
      readonly command: Command
      readonly operands: ReadonlyMap<string, string>
      readonly values: ReadonlyMap<string, string | true>
    }

/** Reads the command line; throws a `ConfigProblem` that names what is wrong and how the command is called. */
export function parseCommandLine(commands: readonly Command[], argv: readonly string[]): Asked {
  const first = argv[0]
  if (first === undefined || ['--help', '-h', 'help'].includes(first)) return { kind: 'help' }
  if (first === '--version') return { kind: 'version' }
  if (first.startsWith('-')) {
    throw new ConfigProblem(`Cannot use "${first}" here: the command comes first; "bulkhead --help" lists them`)
  }
  const command = commands.find(({ words }) => words.split(' ').every((word, index) => argv[index] === word))
  if (command === undefined) {
    const known = commands.map(({ words }) => `"${words}"`).join(', ')
    const given = argv.filter((word) => !word.startsWith('-')).slice(0, 2)
    throw new ConfigProblem(`Unknown command "${given.join(' ')}": there are ${known}; "bulkhead --help" says more`)
  }
  const rest = argv.slice(command.words.split(' ').length)
  return rest.includes('--help') || rest.includes('-h') ? { kind: 'help', command } : parseCall(command, rest)
}

function parseCall(command: Command, argv: readonly string[]): Asked {
  const flags = [...command.flags, configFlag]
  const { values, positionals } = readArguments(command, flags, argv)
  if (positionals.length !== command.operands.length) {
    const want = command.operands.join(' ') || 'no operand'
    throw new ConfigProblem(`Cannot use ${positionals.length} operands: want ${want}; usage: ${usageOf(command)}`)
  }
  for (const { name } of flags.filter(({ isNeeded }) => isNeeded)) {
    if (!values.has(name)) throw new ConfigProblem(`Missing flag "--${name}"; usage: ${usageOf(command)}`)
  }
  for (const [name, value] of values) {
    if (value === '') throw new ConfigProblem(`Empty flag "--${name}"; usage: ${usageOf(command)}`)
  }
  const operands = new Map(command.operands.map((name, index) => [name, positionals[index] ?? '']))
  return { kind: 'run', command, operands, values }
}

function readArguments(command: Command, flags: readonly Flag[], argv: readonly string[]) {
  const options = Object.fromEntries(
    flags.map(({ name, value }) => [name, { type: value === undefined ? ('boolean' as const) : ('string' as const) }]),
  )
  try {
    const { values, positionals } = parseArgs({ args: [...argv], options, allowPositionals: true })
    const entries = Object.entries(values).flatMap(([name, value]) =>
      typeof value === 'string' || value === true ? [[name, value] as const] : [],
    )
    return { values: new Map(entries), positionals }
  } catch (error) {
    const why = error instanceof Error ? error.message.split('. ')[0] : String(error)
    throw new ConfigProblem(`${why ?? ''}; usage: ${usageOf(command)}`, { cause: error })
  }
}
