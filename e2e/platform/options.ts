import { resolve } from 'node:path'
import type { PartName } from './part.ts'
import { isPartName, partNames } from './part.ts'

/** What the person at the keyboard asked for. */
export type Request =
  | { readonly kind: 'up'; readonly instance: string; readonly dir: string; readonly parts?: readonly PartName[] }
  | { readonly kind: 'down'; readonly instance: string; readonly dir: string; readonly wipe: boolean }
  | { readonly kind: 'status'; readonly instance: string; readonly dir: string; readonly json: boolean }
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly message: string }

/** How the command is used. */
export const usage = `Usage: node_modules/.bin/node e2e/platform/main.ts COMMAND [OPTIONS]

  up                start every part and wait until all are ready (starts what died when it is up already)
  down [--wipe]     stop exactly what up started; --wipe removes the data too
  status [--json]   every part with version, pid, port, memory and state; exit 1 when one is not ready

  --instance NAME   default "default"; each instance has its own ports and its own folder .run/NAME
  --dir FOLDER      another folder than .run/NAME
  --parts A,B       up only: start these parts and what they need instead of all`

const commands = ['up', 'down', 'status'] as const
type CommandName = (typeof commands)[number]

const flags: Readonly<Record<CommandName, readonly string[]>> = {
  up: ['--instance', '--dir', '--parts'],
  down: ['--instance', '--dir', '--wipe'],
  status: ['--instance', '--dir', '--json'],
}
const withValue = ['--instance', '--dir', '--parts']

type Options = ReadonlyMap<string, string>

function wrong(message: string): Request {
  return { kind: 'wrong', message }
}

function readOptions(command: CommandName, words: readonly string[]): Options | string {
  const options = new Map<string, string>()
  let left = words
  while (left[0] !== undefined) {
    const [flag, inline] = splitOnce(left[0])
    const takesValue = withValue.includes(flag)
    const refusal = refuseOption(command, flag, takesValue ? undefined : inline)
    if (refusal !== undefined) return refusal
    const takesNext = takesValue && inline === undefined
    const value = takesNext ? left[1] : (inline ?? 'true')
    if (value === undefined || value === '') return `Missing value for ${flag}`
    options.set(flag, value)
    left = left.slice(takesNext ? 2 : 1)
  }
  return options
}

function refuseOption(command: CommandName, flag: string, needless: string | undefined): string | undefined {
  if (flags[command].includes(flag)) {
    return needless === undefined ? undefined : `Wrong value ${JSON.stringify(needless)} for ${flag}: it takes none`
  }
  return `Unknown option ${JSON.stringify(flag)} of ${command}: allowed are ${flags[command].join(', ')}`
}

function splitOnce(word: string): readonly [string, string?] {
  const at = word.indexOf('=')
  return at < 0 ? [word] : [word.slice(0, at), word.slice(at + 1)]
}

/** Reads the command line; `root` is the checkout's folder. */
export function parseRequest(words: readonly string[], root: string): Request {
  const [name = 'help', ...rest] = words
  if (['help', '--help', '-h'].includes(name) || rest.includes('--help')) return { kind: 'help' }
  const command = commands.find((one) => one === name)
  if (command === undefined) return wrong(`Unknown command ${JSON.stringify(name)}: allowed are ${commands.join(', ')}`)
  const options = readOptions(command, rest)
  if (typeof options === 'string') return wrong(options)
  const instance = options.get('--instance') ?? 'default'
  if (!/^[a-z0-9][a-z0-9-]{0,39}$/.test(instance)) {
    return wrong(
      `Wrong value ${JSON.stringify(instance)} for --instance: allowed are 1 to 40 of a-z, 0-9 and -, not - first`,
    )
  }
  const dir = resolve(options.get('--dir') ?? `${root}/.run/${instance}`)
  return requestOf(command, { instance, dir }, options)
}

function requestOf(command: CommandName, at: { instance: string; dir: string }, options: Options): Request {
  switch (command) {
    case 'up':
      return upRequest(at, options.get('--parts'))
    case 'down':
      return { kind: 'down', ...at, wipe: options.has('--wipe') }
    case 'status':
      return { kind: 'status', ...at, json: options.has('--json') }
  }
}

function upRequest(at: { instance: string; dir: string }, list: string | undefined): Request {
  if (list === undefined) return { kind: 'up', ...at }
  const names = list.split(',')
  const foreign = names.find((name) => !isPartName(name))
  if (foreign === undefined) return { kind: 'up', ...at, parts: names.filter(isPartName) }
  return wrong(`Wrong value ${JSON.stringify(foreign)} for --parts: allowed are ${partNames.join(', ')}`)
}
