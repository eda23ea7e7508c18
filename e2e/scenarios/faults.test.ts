import { afterAll, beforeAll, expect, test } from 'vitest'
import { createOrganisation, publishStandard, type Organisation } from '../world/organisation.ts'
import { startSteadyLoad } from '../world/steady-load.ts'
import { eventually } from '../world/eventually.ts'
import { openScenario, type Scenario } from './scenario.ts'

let scenario: Scenario
let acme: Organisation
let globex: Organisation
let mine: string
let theirs: string

beforeAll(async () => {
  scenario = await openScenario()
  ;[acme, globex] = await Promise.all([
    createOrganisation(scenario.name('acme'), scenario),
    createOrganisation(scenario.name('globex'), scenario),
  ])
  await Promise.all([publishStandard(acme), publishStandard(globex)])
  ;[mine, theirs] = await Promise.all([acme.token(), globex.token()])
})
afterAll(() => scenario.close(acme, globex))

const outageMs = 4000

test.each(['keycloak', 'postgres', 'operator', 'xds-server', 'kube-apiserver'] as const)(
  'F-54 %s stopped and started again: requests of both tenants go on without a failed one',
  async (part) => {
    const loads = [
      startSteadyLoad(() => acme.send({ path: '/orders/1', token: mine }), { pauseMs: 25, maxMs: 120_000 }),
      startSteadyLoad(() => globex.send({ path: '/orders/1', token: theirs }), { pauseMs: 25, maxMs: 120_000 }),
    ]
    await scenario.platform.stop(part)
    await scenario.clock.sleep(outageMs, AbortSignal.timeout(60_000))
    await scenario.platform.start(part)
    for (const { sent, failures } of await Promise.all(loads.map((load) => load.stop()))) {
      expect(failures).toEqual([])
      expect(sent).toBeGreaterThan(50)
    }
  },
)

test('F-19 after the outages a change is served without anybody being restarted', async () => {
  const name = `late-${Date.now().toString(36)}`
  await eventually(() =>
    acme.apply(
      acme.objects.tool(name, acme.backend.port),
      acme.objects.toolSet('late', acme.host, [name], { access: 'Public' }),
    ),
  )
  await eventually(async () => expect((await acme.send({ path: `/${name}` })).status).toBe(200), { timeoutMs: 60_000 })
})

test('S-057 D-17 a tenant’s edit changes no listener and drains no connection', async () => {
  const before = await scenario.envoyCounters()
  for (const timeout of ['5s', '6s', '7s']) {
    await acme.apply(acme.objects.tool('orders', acme.backend.port, { timeout }))
    await acme.waitReady('tool/orders')
  }
  expect((await acme.send({ path: '/orders/1', token: mine })).status).toBe(200)
  const after = await scenario.envoyCounters()
  for (const [index, counters] of after.entries()) {
    expect(counters['listener_manager.listener_modified']).toBe(before[index]?.['listener_manager.listener_modified'])
    expect(counters['listener_manager.listener_added']).toBe(before[index]?.['listener_manager.listener_added'])
    expect(counters['listener_manager.total_listeners_draining']).toBe(0)
    expect(counters['http.edge.downstream_cx_drain_close']).toBe(before[index]?.['http.edge.downstream_cx_drain_close'])
  }
})
