import { parseArgs } from 'node:util'
import { LineCounter, parseDocument } from 'yaml'
import type { z } from 'zod'
import { describeIssues } from './config-issues.ts'

/** What a program says of itself in `--help` and `--version`. */
export interface Program<T> {
  readonly name: string
  readonly version: string
  readonly description: string
  readonly schema: z.ZodType<T>
}

export interface ConfigInput {
  /** Without the interpreter and the script. */
  readonly argv: readonly string[]
  readonly readFile: (path: string) => Promise<string>
  readonly program: string
}

/** What the command line asks for. */
export type Command =
  { readonly kind: 'run'; readonly configPath: string } | { readonly kind: 'help' } | { readonly kind: 'version' }

/** A flag or a value that cannot be used; the message names every one, with what is allowed. */
export class ConfigProblem extends Error {
  override readonly name = 'ConfigProblem'
}

const flags = '--config FILE, --help, --version'

/** Reads the command line; throws a `ConfigProblem` that names the flag and the allowed ones. */
export function commandOf(argv: readonly string[]): Command {
  const { values, tokens } = parseArgs({
    args: [...argv],
    options: { config: { type: 'string' }, help: { type: 'boolean' }, version: { type: 'boolean' } },
    allowPositionals: true,
    strict: false,
    tokens: true,
  })
  for (const token of tokens) {
    if (token.kind === 'positional')
      throw new ConfigProblem(`Unexpected argument "${token.value}": allowed are ${flags}`)
    if (token.kind === 'option' && !['config', 'help', 'version'].includes(token.name)) {
      throw new ConfigProblem(`Unknown flag "${token.rawName}": allowed are ${flags}`)
    }
  }
  if (values.help === true) return { kind: 'help' }
  if (values.version === true) return { kind: 'version' }
  if (typeof values.config !== 'string' || values.config === '') {
    throw new ConfigProblem('Missing flag "--config": it takes the path of a YAML or JSON file')
  }
  return { kind: 'run', configPath: values.config }
}

/** Reads and checks the file named by `--config`; throws a `ConfigProblem` that names all problems at once. */
export async function loadConfig<T>(schema: z.ZodType<T>, input: ConfigInput): Promise<T> {
  const command = commandOf(input.argv)
  if (command.kind !== 'run')
    throw new ConfigProblem('Missing flag "--config": it takes the path of a YAML or JSON file')
  const value = parseFile(command.configPath, await readText(command.configPath, input.readFile))
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const lines = describeIssues(schema, value, result.error.issues).map((line) => `  - ${line}`)
  throw new ConfigProblem(`${input.program} cannot start with "${command.configPath}":\n${lines.join('\n')}`)
}

async function readText(path: string, readFile: ConfigInput['readFile']): Promise<string> {
  try {
    return await readFile(path)
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    throw new ConfigProblem(`Cannot read the file "${path}" of flag "--config": ${text}`, { cause: error })
  }
}

function parseFile(path: string, text: string): unknown {
  const lineCounter = new LineCounter()
  // Pretty errors quote the lines around the mistake, and a secret may stand there.
  const document = parseDocument(text, { lineCounter, prettyErrors: false })
  const [error] = document.errors
  if (error !== undefined) {
    const { line, col } = lineCounter.linePos(error.pos[0])
    throw new ConfigProblem(`Cannot read "${path}" as YAML: line ${line}, column ${col}: ${error.code}`)
  }
  const value: unknown = document.toJS({ maxAliasCount: 100 })
  return value ?? {}
}
