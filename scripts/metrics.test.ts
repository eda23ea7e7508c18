import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { registeredMetrics } from './registered-metrics.ts'

const root = join(import.meta.dirname, '..')
test('the reference page names every metric that there is, and no other', () => {
  const page = readFileSync(join(root, 'docs/reference/configuration.md'), 'utf8')
  const told = [...page.matchAll(/`(bulkhead_[a-z_]+)`/g)].map(([, name]) => name)
  const registered = registeredMetrics()
  expect(registered.size).toBeGreaterThan(30)
  expect(told.toSorted()).toEqual([...registered].toSorted())
})
