import { expect, test } from 'vitest'
import { percentile, readPage } from './figures.ts'

const page = readPage(`# HELP x y
calls_total{call="create realm",kind="a"} 3
calls_total{call="read realm",kind="a"} 4
wait_seconds_bucket{le="0.1",queue="tenants"} 5
wait_seconds_bucket{le="1",queue="tenants"} 9
wait_seconds_bucket{le="+Inf",queue="tenants"} 10
wait_seconds_bucket{le="0.1",queue="others"} 100
cpu_seconds 1.5e1
`)

test('a page gives sums by labels', () => {
  expect(page.sum('calls_total')).toBe(7)
  expect(page.sum('calls_total', 'call="create realm"')).toBe(3)
  expect(page.sum('cpu_seconds')).toBe(15)
  expect(page.sum('nothing')).toBe(0)
})

test.each([
  [0.5, 0.1],
  [0.9, 1],
  [0.99, Infinity],
])('the quantile %d of a histogram is the bound %d', (share, bound) => {
  expect(page.quantile('wait_seconds', share, 'queue="tenants"')).toBe(bound)
})

test('a percentile is the nearest rank', () => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index)
  expect([percentile(values, 0.5), percentile(values, 0.99), percentile(values, 1)]).toEqual([50, 99, 100])
  expect(percentile([], 0.5)).toBeNaN()
})
