import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { createGatewayClient, type GatewayClient } from '../client/gateway-client.ts'
import type { Organisation } from '../world/organisation.ts'
import { startSteadyLoad, type SteadyLoad } from '../world/steady-load.ts'
import { eventually } from '../world/eventually.ts'
import type { Scenario } from './scenario.ts'
import { openTwoOrganisations } from './two-organisations.ts'

let scenario: Scenario
let acme: Organisation
let globex: Organisation
let fresh: GatewayClient

// So much that one Envoy's share holds the whole load: a connection stays with one of them, and what is beyond the
// share would depend on the service of the shared pool.
const tenantSpec = { limits: { requestsPerSecond: { guaranteed: 300, ceiling: 600 } } }

beforeAll(async () => {
  ;({ scenario, acme, globex } = await openTwoOrganisations(tenantSpec))
  fresh = createGatewayClient(scenario.edge, { keepAlive: false })
})
afterAll(async () => {
  fresh.close()
  await scenario.close(acme, globex)
})

/** Keeps two kinds of connection busy: one that lasts, and a new one for each request, which reaches every Envoy. */
async function keepBusy(organisation: Organisation): Promise<readonly SteadyLoad[]> {
  const request = { host: organisation.host, path: '/orders/1', token: await eventually(() => organisation.token()) }
  const loads = [scenario.client, fresh].map((client) =>
    startSteadyLoad(() => client.send(request), { clock: scenario.clock, pauseMs: 25 }),
  )
  onTestFinished(async () => {
    await Promise.all(loads.map((load) => load.stop()))
  })
  return loads
}

test.each(['keycloak', 'postgres', 'operator', 'xds-server', 'kube-apiserver'] as const)(
  'F-54 %s stopped and started again: requests of both tenants go on without a failed one',
  async (part) => {
    // Tokens live for minutes only, and this may take some.
    const loads = (await Promise.all([keepBusy(acme), keepBusy(globex)])).flat()
    await scenario.platform.stop(part)
    try {
      await Promise.all(loads.map((load) => load.pass(100)))
    } finally {
      await scenario.platform.start(part)
    }
    await Promise.all(loads.map((load) => load.pass(20)))
    for (const { failures } of await Promise.all(loads.map((load) => load.stop()))) expect(failures).toEqual([])
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

test('after the outages every account is what it was', async () => {
  const log = await readFile(join(scenario.platform.endpoints.logFolder, 'operator.log'), 'utf8')
  expect(log).toContain('operator started')
  expect(log).not.toContain('restoring our account')
})

test('S-057 D-17 a tenant’s edit changes no listener and drains no connection', async () => {
  const loads = await keepBusy(acme)
  await Promise.all(loads.map((load) => load.pass(1)))
  const before = await scenario.envoyCounters()
  for (const timeout of ['5s', '6s', '7s']) {
    await acme.apply(acme.objects.tool('orders', acme.backend.port, { timeout }))
    await acme.waitReady('tool/orders')
  }
  await Promise.all(loads.map((load) => load.pass(1)))
  const after = await scenario.envoyCounters()
  for (const { failures } of await Promise.all(loads.map((load) => load.stop()))) expect(failures).toEqual([])
  for (const [index, counters] of after.entries()) {
    expect(counters['listener_manager.total_listeners_draining']).toBe(0)
    for (const name of [
      'listener_manager.listener_modified',
      'listener_manager.listener_added',
      'http.edge.downstream_cx_drain_close',
    ]) {
      expect(counters[name], name).toBeTypeOf('number')
      expect(counters[name], name).toBe(before[index]?.[name])
    }
  }
})
