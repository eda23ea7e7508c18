import { expect, test } from 'vitest'
import { createMetrics } from './metrics.ts'

test('the same name gives the same metric, and two registries share nothing', async () => {
  const [one, two] = [createMetrics(), createMetrics()]
  one.counter({ name: 'x_total', help: 'x', labels: ['a'] }).add({ a: '1' })
  one.counter({ name: 'x_total', help: 'x', labels: ['a'] }).add({ a: '1' }, 2)
  two.counter({ name: 'x_total', help: 'x', labels: ['a'] })
  expect(await one.text()).toContain('x_total{a="1"} 3')
  expect(await two.text()).not.toContain('x_total{a="1"}')
})

test('a label set that was removed is no longer exported', async () => {
  const metrics = createMetrics()
  const gauge = metrics.gauge({ name: 'g', help: 'g', labels: ['tenant_id'] })
  gauge.set(4, { tenant_id: 'acme' })
  gauge.remove({ tenant_id: 'acme' })
  const counter = metrics.counter({ name: 'c', help: 'c', labels: ['tenant_id'] })
  counter.add({ tenant_id: 'acme' })
  counter.remove({ tenant_id: 'acme' })
  expect(await metrics.text()).not.toContain('acme')
})
