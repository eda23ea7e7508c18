import type { Migration } from './migration.ts'
import { tokensOf } from './sql-tokens.ts'
import type { Token } from './sql-tokens.ts'

/** A migration would take something away, or hold a table for long. */
export class NotExpandOnly extends Error {
  override readonly name = 'NotExpandOnly'
}

const allowed =
  'CREATE TABLE, CREATE INDEX (UNIQUE only on a table of the same migration), COMMENT ON TABLE, and ALTER TABLE with ADD COLUMN (NOT NULL only with a constant DEFAULT), ALTER COLUMN … SET DEFAULT or DROP NOT NULL'

/**
 * What of a migration is no expansion, in words. While a wave is under way the code of two releases works with the schemas
 * of two releases, so a migration adds and never takes away; what is not surely an addition is refused. No statement names
 * a schema: which one it is decides whoever runs it.
 */
export function contractionsOf({ name, statements }: Pick<Migration, 'name' | 'statements'>): readonly string[] {
  const made = new Set<string>()
  return statements.flatMap((statement, index) => {
    const tokens = tokensOf(statement)
    const why = tokens === undefined ? 'it holds something that is not understood' : problemOf(tokens, made)
    if (why === undefined) return []
    const text = statement.replaceAll(/\s+/g, ' ').slice(0, 80)
    return [`Statement ${index + 1} of migration "${name}" is refused, because ${why}: ${text}`]
  })
}

/** Throws when one of the migrations is no expansion. */
export function demandExpansion(migrations: readonly Migration[]): void {
  const problems = migrations.flatMap(contractionsOf)
  if (problems.length > 0) throw new NotExpandOnly(`${problems.join('; ')}. Allowed are ${allowed}`)
}

function problemOf(tokens: readonly Token[], made: Set<string>): string | undefined {
  if (tokens.some(({ value }, index) => value === '.' && isName(tokens[index - 1]))) return 'it names a schema'
  if (tokens.some(({ kind, value }) => kind === 'sign' && value === ';')) return 'it is more than one statement'
  const reader = new Reader(tokens)
  if (reader.skip('CREATE', 'TABLE')) return tableProblem(reader, made)
  if (reader.skip('CREATE', 'UNIQUE', 'INDEX')) return indexProblem(reader, (table) => made.has(table))
  if (reader.skip('CREATE', 'INDEX')) return indexProblem(reader, () => true)
  if (reader.skip('ALTER', 'TABLE')) return changeProblem(reader)
  if (reader.skip('COMMENT', 'ON', 'TABLE')) return reader.name() === undefined ? notAllowed : undefined
  return notAllowed
}

const notAllowed = 'it is none of the kinds that only add'

function isName(token: Token | undefined): boolean {
  return token?.kind === 'word' || token?.kind === 'quoted'
}

// What a table refers to is locked while it is made, and can lose no row of its own afterwards.
function tableProblem(reader: Reader, made: Set<string>): string | undefined {
  const table = reader.name()
  const body = reader.rest()
  if (table === undefined || closingOf(body) !== body.length - 1) return notAllowed
  made.add(table)
  const targets = body.flatMap(({ value }, index) => (value === 'REFERENCES' ? [body[index + 1]?.value ?? ''] : []))
  return targets.every((target) => made.has(target)) ? undefined : 'it refers to a table that is older than itself'
}

function indexProblem(reader: Reader, isFree: (table: string) => boolean): string | undefined {
  if (reader.name() === undefined || !reader.skip('ON')) return notAllowed
  const table = reader.name()
  if (table === undefined) return notAllowed
  if (reader.rest()[0]?.value !== '(') return notAllowed
  return isFree(table) ? undefined : 'it forbids rows that the release before may write'
}

function changeProblem(reader: Reader): string | undefined {
  if (reader.name() === undefined) return notAllowed
  return splitAtCommas(reader.rest())
    .map((change) => oneChangeProblem(new Reader(change)))
    .find((problem) => problem !== undefined)
}

function oneChangeProblem(reader: Reader): string | undefined {
  if (reader.skip('ADD', 'COLUMN')) return reader.name() === undefined ? notAllowed : columnProblem(reader.rest())
  if (!reader.skip('ALTER', 'COLUMN') || reader.name() === undefined) return notAllowed
  if (reader.skip('DROP', 'NOT', 'NULL')) return reader.rest().length === 0 ? undefined : notAllowed
  return reader.skip('SET', 'DEFAULT') ? undefined : notAllowed
}

const heavy = [
  ...['UNIQUE', 'PRIMARY', 'REFERENCES', 'CHECK', 'GENERATED', 'CONSTRAINT', 'COLLATE'],
  ...['SERIAL', 'BIGSERIAL', 'SMALLSERIAL'],
]

// The type, then nothing, a constant default, or a constant default and NOT NULL. A default that is not constant is
// written into every row, and the table is locked meanwhile.
function columnProblem(tokens: readonly Token[]): string | undefined {
  if (tokens.length === 0) return notAllowed
  if (tokens.some(({ kind, value }) => kind === 'word' && heavy.includes(value))) {
    return 'it has every row of a standing table looked at'
  }
  const text = tokens.map(({ kind, value }) => (kind === 'text' ? "'" : value)).join(' ')
  const [, isDefault, constant] = /( DEFAULT (.*?))?( NOT NULL| NULL)?$/.exec(text) ?? []
  if (isDefault !== undefined && !constantPattern.test(constant ?? '')) return 'its default is no constant'
  return / NOT NULL/.test(text) && isDefault === undefined ? 'it demands a value that no row has' : undefined
}

const constantPattern = /^(- )?('|\d+(\.\d+)?|TRUE|FALSE|NULL|NOW \( \))( : : [A-Z_][A-Z0-9_]*)?$/

/** Where the parenthesis that opens a list closes again; -1 where there is none. */
function closingOf(tokens: readonly Token[]): number {
  if (tokens[0]?.value !== '(') return -1
  let depth = 0
  return tokens.findIndex(({ kind, value }) => {
    if (kind === 'sign' && value === '(') depth += 1
    if (kind === 'sign' && value === ')') depth -= 1
    return depth === 0
  })
}

function splitAtCommas(tokens: readonly Token[]): readonly (readonly Token[])[] {
  const parts: Token[][] = [[]]
  let depth = 0
  for (const token of tokens) {
    if (token.value === '(') depth += 1
    if (token.value === ')') depth -= 1
    if (token.kind === 'sign' && token.value === ',' && depth === 0) parts.push([])
    else parts.at(-1)?.push(token)
  }
  return parts
}

/** Has a life: it goes forward over the pieces of one statement. */
class Reader {
  readonly #tokens: readonly Token[]
  #at = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  /** Passes the words when they come next, all of them. */
  skip(...words: readonly string[]): boolean {
    const isNext = words.every((word, index) => {
      const token = this.#tokens[this.#at + index]
      return token?.kind === 'word' && token.value === word
    })
    if (isNext) this.#at += words.length
    return isNext
  }

  /** Passes a name; words that would change what follows are none. */
  name(): string | undefined {
    const token = this.#tokens[this.#at]
    if (token === undefined || !isName(token) || (token.kind === 'word' && notNames.includes(token.value)))
      return undefined
    this.#at += 1
    return token.value
  }

  rest(): readonly Token[] {
    return this.#tokens.slice(this.#at)
  }
}

const notNames = ['IF', 'ONLY', 'CONCURRENTLY', 'ON', 'COLUMN', 'CONSTRAINT', 'ADD', 'ALTER', 'DROP', 'SET']
