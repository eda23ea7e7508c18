import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')
const rooms = ['runtime', 'operator', 'xds-server', 'identity', 'database']

/** The names of the metrics that the code of a workspace registers; what reads one back names its parts. */
function registeredIn(room: string): readonly string[] {
  const folder = join(root, room, 'src')
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && !path.split('/').includes('testing'),
  )
  return files.flatMap((path) => {
    const text = readFileSync(join(folder, path), 'utf8')
    const whole = [...text.matchAll(/'(bulkhead_[a-z_]+)'/g)].map(([, name = '']) => name)
    // Those of a list and watch share the beginning of their names.
    const begun = [...text.matchAll(/\bone\('([a-z_]+)'/g)].map(([, name = '']) => `bulkhead_kubernetes_${name}`)
    return [...whole, ...begun].filter((name) => !/_(sum|count|bucket)$/.test(name))
  })
}

test('the reference page names every metric that there is, and no other', () => {
  const page = readFileSync(join(root, 'docs/reference/configuration.md'), 'utf8')
  const told = [...page.matchAll(/`(bulkhead_[a-z_]+)`/g)].map(([, name]) => name)
  const registered = new Set(rooms.flatMap(registeredIn))
  expect(registered.size).toBeGreaterThan(30)
  expect(told.toSorted()).toEqual([...registered].toSorted())
})
