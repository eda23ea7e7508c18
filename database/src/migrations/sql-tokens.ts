/** A piece of a statement, as far as a check of its shape needs to tell pieces apart. */
export interface Token {
  readonly kind: 'word' | 'quoted' | 'text' | 'number' | 'sign'
  /** Words in capitals; a quoted name and a text without their quotes; a sign is one character. */
  readonly value: string
}

const patterns: readonly (readonly [kind: Token['kind'] | 'space', pattern: RegExp])[] = [
  ['space', /\s+|--[^\n]*/y],
  ['text', /[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'/y],
  ['quoted', /"(?:[^"]|"")+"/y],
  ['number', /\d+(?:\.\d+)?/y],
  ['word', /[a-zA-Z_][a-zA-Z0-9_]*/y],
  ['sign', /[(),.;:=<>+\-*%|&[\]]/y],
]

/** The pieces of a statement; undefined where it holds something that is not understood here, like a `$$` or a block comment. */
export function tokensOf(statement: string): readonly Token[] | undefined {
  const tokens: Token[] = []
  let at = 0
  while (at < statement.length) {
    const found = tokenAt(statement, at)
    if (found === undefined) return undefined
    at += found.text.length
    if (found.kind !== 'space') tokens.push({ kind: found.kind, value: valueOf(found.kind, found.text) })
  }
  return tokens
}

function tokenAt(statement: string, at: number) {
  for (const [kind, pattern] of patterns) {
    pattern.lastIndex = at
    const text = pattern.exec(statement)?.[0]
    if (text !== undefined) return { kind, text }
  }
  return undefined
}

function valueOf(kind: Token['kind'], text: string): string {
  switch (kind) {
    case 'word':
      return text.toUpperCase()
    case 'quoted':
    case 'text':
      return text.slice(text.indexOf(text.at(-1) ?? '') + 1, -1)
    case 'number':
    case 'sign':
      return text
  }
}
