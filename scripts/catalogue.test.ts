import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { conditionTypes, kinds, ownConditionTypes, reasons } from '@bulkhead/crds'
import type { ConditionedKind } from '@bulkhead/crds'
import { describe, expect, test } from 'vitest'
import { conditionReference } from './condition-reference.ts'

const root = join(import.meta.dirname, '..')

/** The text of every file of a workspace that ships. */
function sourceOf(workspace: string): string {
  return readdirSync(join(root, workspace, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && !path.split('/').includes('testing'))
    .map((path) => readFileSync(join(root, workspace, 'src', path), 'utf8'))
    .join('\n')
}

const writers = ['operator', 'xds-server'] as const
const sources = { operator: sourceOf('operator'), 'xds-server': sourceOf('xds-server') }
const all = [...Object.values(sources), sourceOf('database'), sourceOf('identity')].join('\n')
const names = (text: string, pattern: RegExp): readonly string[] => [
  ...new Set([...text.matchAll(pattern)].map((match) => match[1] ?? '')),
]

describe('reasons', () => {
  test.each(Object.keys(reasons))('%s is given by some code', (reason) =>
    expect(all.includes(`'${reason}'`)).toBe(true),
  )

  test('that code gives stand in the catalogue', () => {
    const given = names(all, /(?:failed|done|unavailable|refuse)\(\s*'([A-Z][A-Za-z]+)'|\breason: '([A-Z][A-Za-z]+)'/g)
    expect(given.filter((reason) => reason !== '').length).toBeGreaterThan(10)
    expect(given.filter((reason) => reason !== '' && !Object.hasOwn(reasons, reason))).toEqual([])
  })

  test.each(Object.entries(reasons))('%s has a sentence for its reader', (_reason, meaning) =>
    expect(meaning).toMatch(/^[A-Z].*\.$/),
  )
})

describe('condition types', () => {
  test.each(Object.keys(conditionTypes))('%s is written by whom it names', (type) => {
    const info: { readonly writers: Readonly<Record<string, string>> } = conditionTypes[type as 'Ready']
    const said = new Set(Object.values(info.writers))
    const silent = writers.filter((writer) => said.has(writer) && !sources[writer].includes(`'${type}'`))
    expect(silent).toEqual([])
  })

  test('that code writes stand in the catalogue', () => {
    const written = names(all, /\[\s*'([A-Z][A-Za-z]+)',\s*(?:done|failed|verdict|ready|accepted|granted|judge)/g)
    const typed = names(all, /\btype: '([A-Z][A-Za-z]+)',\s*(?:status|\.\.\.)/g)
    expect(written.length + typed.length).toBeGreaterThan(5)
    expect([...written, ...typed].filter((type) => !Object.hasOwn(conditionTypes, type))).toEqual([])
  })

  test.each(Object.values(kinds).map(({ kind }) => kind))('%s has one writer for each of its own', (kind) => {
    const owners = writers.map((writer) => ownConditionTypes(writer, kind as ConditionedKind))
    const types = owners.flat()
    expect(new Set(types).size).toBe(types.length)
    expect(types).toEqual(expect.arrayContaining(['Ready', 'Reconciling', 'Stalled', 'Programmed']))
  })

  test('have a page that is what the catalogue says', () =>
    expect(readFileSync(join(root, 'docs/reference/conditions.md'), 'utf8')).toBe(conditionReference()))
})
