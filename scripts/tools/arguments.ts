/** What a person asked for. */
export type Request =
  | { readonly kind: 'run'; readonly mode: 'build' | 'check' | 'list'; readonly names: readonly string[] }
  | { readonly kind: 'help' }
  | { readonly kind: 'refused'; readonly message: string }

const allowedOptions = '--check, --list, --help'

/** Reads the command line; a word that is neither an option nor a part is refused, with what is allowed. */
export function readArguments(words: readonly string[], known: readonly string[]): Request {
  const options = words.filter((word) => word.startsWith('-'))
  const names = words.filter((word) => !word.startsWith('-'))
  if (options.includes('--help') || options.includes('-h')) return { kind: 'help' }
  const strange = options.find((option) => option !== '--check' && option !== '--list')
  if (strange !== undefined) {
    return { kind: 'refused', message: `Cannot use option "${strange}": allowed are ${allowedOptions}` }
  }
  const unknown = names.find((name) => !known.includes(name))
  if (unknown !== undefined) {
    return { kind: 'refused', message: `Cannot use part "${unknown}": allowed are ${known.join(', ')}` }
  }
  if (options.includes('--check') && options.includes('--list')) {
    return { kind: 'refused', message: 'Cannot use option "--list" with "--check": allowed is one of them' }
  }
  const mode = options.includes('--check') ? 'check' : options.includes('--list') ? 'list' : 'build'
  return { kind: 'run', mode, names: [...new Set(names)] }
}

export const usage = `Builds and fetches the real parts once, into a cache that all checkouts share, and links them under .tools/.

  node_modules/.bin/node scripts/tools/main.ts            all parts
  node_modules/.bin/node scripts/tools/main.ts PART…      only these
  node_modules/.bin/node scripts/tools/main.ts --check    say what is missing, change nothing
  node_modules/.bin/node scripts/tools/main.ts --list     every part, its version, where it comes from, and whether it is there
`
