import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'

// Every regular expression that text of somebody else may meet, against texts that are made to be slow.
const root = join(import.meta.dirname, '..')
const text = (path: string): string => readFileSync(join(root, path), 'utf8')
const budgetMs = 10
// First so few that even what doubles with each character comes back, then as many as a field may have.
const lengths = [16, 20, 22, 24, 26, 100, 400, 1000, 4000]
const seeds = ['a', 'A', '0', '-', '.', '/', ' ', '_', '%', ';', ':', '@', '"', '\\', '{', '\t', '\n', '\u00e9']
const pairs = ['a.', 'a-', '.-', 'a ', '0.', '%4', 'a/', ';a', 'a:', '\\"', 'aA', '::', '/.', 'a=']
const ends = ['', '!', '\n', '\u0000', 'a']
const pumps = [...seeds, ...pairs].flatMap((seed) => ends.map((end) => [seed, end] as const))

function expressionsIn(path: string): readonly RegExp[] {
  const source = ts.createSourceFile(path, text(path), ts.ScriptTarget.Latest)
  const found: RegExp[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isRegularExpressionLiteral(node)) {
      const end = node.text.lastIndexOf('/')
      found.push(new RegExp(node.text.slice(1, end), node.text.slice(end + 1).replace(/[gy]/g, '')))
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

function patternsIn(path: string): readonly RegExp[] {
  const found: RegExp[] = []
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    for (const [key, inner] of Object.entries(value)) {
      if (key === 'pattern' && typeof inner === 'string') found.push(new RegExp(inner))
      visit(inner)
    }
  }
  for (const document of parseAllDocuments(text(path))) visit(document.toJS())
  return found
}

function all(): ReadonlyMap<string, RegExp> {
  const rooms = '{tenancy,crds,runtime,identity,database,operator,xds-server,cli}/src/**/*.ts'
  const files = globSync(rooms, { cwd: root }).filter((path) => !/\.test\.ts$|\/testing\/|\/scale\/|\/gen\//.test(path))
  const literals = files.flatMap(expressionsIn)
  const patterns = globSync('manifests/crds/*.yaml', { cwd: root }).flatMap(patternsIn)
  return new Map([...literals, ...patterns].map((one) => [String(one), one]))
}

/** The shortest text on which an expression costs more than its budget; undefined when there is none. */
function slowOn(expression: RegExp): string | undefined {
  for (const length of lengths) {
    for (const [seed, end] of pumps) {
      const pumped = seed.repeat(Math.ceil(length / seed.length))
      const found = [`${pumped}${end}`, `https://${pumped}${end}`].find((subject) => isSlow(expression, subject))
      if (found !== undefined) return found
    }
  }
  return undefined
}

// The time of this thread on a processor, and the least of several: a busy machine is no slow expression.
function isSlow(expression: RegExp, subject: string): boolean {
  for (let attempt = 0; attempt < 4; attempt += 1) {
    const before = process.threadCpuUsage()
    expression.test(subject)
    const { user, system } = process.threadCpuUsage(before)
    if ((user + system) / 1000 < budgetMs) return false
  }
  return true
}

test('S-202 no expression of ours is slow on any text', () => {
  const expressions = all()
  expect(expressions.size).toBeGreaterThan(60)
  const slow = [...expressions].flatMap(([name, expression]) => {
    const subject = slowOn(expression)
    return subject === undefined ? [] : [`${name} on ${JSON.stringify(subject.slice(0, 12))}…`]
  })
  expect(slow).toEqual([])
}, 120_000)

test.each([/^(a+)+$/, /^([a-z]+\.?)*$/, /^(\w|a)*!!$/])(
  'the control %s is found slow',
  (expression) => {
    expect(slowOn(expression)).toBeDefined()
  },
  120_000,
)
