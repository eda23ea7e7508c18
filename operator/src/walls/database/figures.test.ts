import type { RoleFigures, ServerFigures } from '@bulkhead/database'
import { createMetrics, silentLogger } from '@bulkhead/runtime'
import { TestClock } from '@bulkhead/runtime/testing'
import { afterEach, expect, test } from 'vitest'
import { startFigures } from './figures.ts'

const minute = 60_000
let end: () => Promise<void> = () => Promise.resolve()

afterEach(async () => end())

const told = (...roles: readonly RoleFigures[]): ServerFigures => ({ kind: 'told', roles })
const of = (role: string, calls: number): RoleFigures => ({ role, calls, seconds: calls / 100, rows: calls * 2 })

function begin(servers: ServerFigures[], names = new Map([['role-a', 'acme']])) {
  const [clock, metrics, warnings] = [new TestClock(), createMetrics(), [] as unknown[]]
  const logger = { ...silentLogger, warn: (fields: object) => warnings.push(fields) }
  end = startFigures({
    databases: { figures: () => Promise.resolve(servers) },
    names: () => names,
    clock,
    logger,
    metrics,
  })
  const lines = async () => {
    await clock.advance(minute)
    const text = await metrics.text()
    return text.split('\n').filter((line) => /^bulkhead/.test(line))
  }
  return { lines, warnings, metrics, names }
}

test('what a tenant runs from now on is counted, and nothing of what came before or of others', async () => {
  const servers = [told(of('role-a', 100), of('keycloak', 9))]
  const { lines } = begin(servers)
  expect(await lines()).toContain('bulkhead_tenant_queries_total{tenant_id="acme"} 0')
  servers[0] = told(of('role-a', 150), of('keycloak', 20))
  expect(await lines()).toEqual([
    'bulkhead_tenant_queries_total{tenant_id="acme"} 50',
    'bulkhead_tenant_query_seconds_total{tenant_id="acme"} 0.5',
    'bulkhead_tenant_query_rows_total{tenant_id="acme"} 100',
    'bulkhead_operator_query_figures 1',
  ])
})

test('figures that were reset, or whose statements were forgotten, count nothing twice', async () => {
  const servers = [told(of('role-a', 100))]
  const { lines } = begin(servers)
  await lines()
  servers[0] = told(of('role-a', 10))
  expect(await lines()).toContain('bulkhead_tenant_queries_total{tenant_id="acme"} 0')
  servers[0] = told(of('role-a', 15))
  expect(await lines()).toContain('bulkhead_tenant_queries_total{tenant_id="acme"} 5')
})

test('a tenant that comes later is counted from its first statement; one that goes is exported no more', async () => {
  const servers = [told(of('role-a', 100))]
  const { lines, names } = begin(servers)
  await lines()
  names.set('role-b', 'globex')
  servers[0] = told(of('role-a', 100), of('role-b', 7))
  expect(await lines()).toContain('bulkhead_tenant_queries_total{tenant_id="globex"} 7')
  names.delete('role-b')
  expect((await lines()).join('\n')).not.toContain('globex')
})

test('a server that does not tell is said once, and hides no other', async () => {
  const servers: ServerFigures[] = [{ kind: 'untold', why: 'pg_stat_statements is not loaded' }, told(of('role-a', 1))]
  const { lines, warnings } = begin(servers)
  await lines()
  servers[1] = told(of('role-a', 3))
  expect(await lines()).toEqual(
    expect.arrayContaining(['bulkhead_tenant_queries_total{tenant_id="acme"} 2', 'bulkhead_operator_query_figures 0']),
  )
  expect(warnings).toEqual([{ why: 'pg_stat_statements is not loaded' }])
})

test('who leads no more exports nothing', async () => {
  const { lines, metrics } = begin([told(of('role-a', 1))])
  await lines()
  await end()
  expect(await metrics.text()).not.toContain('acme')
})
