// A control plane for tests on an API server and policy agents without a network, and on a clock that stands still.
import { createMetrics, silentLogger } from '@bulkhead/runtime'
import { TestClock, advanceUntil } from '@bulkhead/runtime/testing'
import { TYPE_URLS, decode } from '@bulkhead/envoy'
import { tenantId } from '@bulkhead/tenancy'
import type { Fleet } from '@bulkhead/xds'
import { connect } from '@bulkhead/xds/testing'
import { onTestFinished } from 'vitest'
import { aPlan, aSubscription, aTenant, aTool, aToolSet, settings } from '../build/testing/fixtures.ts'
import { lintedFleet } from '../lint/testing/linted.ts'
import type { ControlPlane } from '../server.ts'
import { startControlPlane } from '../server.ts'
import { settings as fleetSettings } from '../translate/testing/models.ts'
import type { IdentityShard } from '../translate/translate.ts'
import { kindInfo } from '../watch/seen.ts'
import { FakeApi } from './fake-api.ts'
import { FakePolicy } from './fake-policy.ts'

const { Tenant, Tool, ToolSet, Subscription, Plan } = kindInfo
const acme = aTenant()
const globex = aTenant('globex')
export const acmeId = tenantId(acme.metadata.uid)
export const globexId = tenantId(globex.metadata.uid)
/** Metadata of an object of the other tenant. */
export const inGlobex = (uid: string) => ({ namespace: 'tenant-globex', uid })

/** Two tenants with a tool set each; the first has a plan and a subscription too. */
export function populated(): FakeApi {
  const api = new FakeApi()
  api.put(Tenant, acme)
  api.put(Tenant, globex)
  api.put(Tool, aTool('pets'))
  api.put(ToolSet, aToolSet('api', ['pets']))
  api.put(Plan, aPlan('gold', [{ requests: 5, per: 'Minute' }]))
  api.put(Subscription, aSubscription('app'))
  api.put(Tool, aTool('pets', {}, inGlobex('uid-globex-pets')))
  api.put(ToolSet, aToolSet('api', ['pets'], { hostname: 'globex.gw.test' }, inGlobex('uid-globex-api')))
  return api
}

const answered = (_host: string) => Promise.resolve([{ address: '203.0.113.7', ttl: 300 }])

const noShards: readonly IdentityShard[] = []
const edgeCertificate = { hosts: ['*.gw.test'], cert: 'CERT', key: 'KEY' }
const { port: anyPort } = fleetSettings.listener

/** Starts a control plane that ends with the test. */
export async function start(api: FakeApi, options?: Parameters<typeof startPlane>[1]) {
  const started = await startPlane(api, options)
  onTestFinished(() => started.control.stop())
  return started
}

/** Starts a control plane that must be stopped. */
export async function startPlane(
  api: FakeApi,
  {
    waitForOpen = true,
    lookUp = answered,
    identityShards = noShards,
    logger = silentLogger,
    edge = edgeCertificate,
    listenerPort = anyPort,
  } = {},
) {
  const clock = new TestClock(Date.parse('2026-03-01T00:00:00Z'))
  const fleet = lintedFleet()
  const policy = new FakePolicy()
  const metrics = createMetrics()
  const control: ControlPlane = startControlPlane({
    client: api,
    fleet,
    policy,
    lookUp,
    buildSettings: settings,
    fleetSettings: {
      ...{ ...fleetSettings, capacityRequestsPerSecond: 1000 },
      listener: { address: '127.0.0.1', port: listenerPort },
      identity: { ...fleetSettings.identity, shards: identityShards },
    },
    certificates: () => [edge],
    ...{ clock, random: () => 0, logger, metrics },
  })
  const isReady = (): boolean => control.readiness.every(({ problem }) => problem() === undefined)
  if (waitForOpen) await advanceUntil(clock, isReady)
  const value = async (name: string): Promise<number> => {
    const line = (await metrics.text()).split('\n').find((each) => each.startsWith(`${name} `))
    return Number(line?.split(' ')[1])
  }
  const envoy = () => {
    const { client, stream } = connect(fleet)
    client.subscribeAll()
    client.follow()
    return { client, stream }
  }
  const settle = async (condition: () => boolean): Promise<void> => {
    await advanceUntil(clock, condition, 60_000)
  }
  return { api, clock, fleet, policy, control, value, envoy, settle, isReady }
}

/** The names of a tenant's routes, as they are served. */
export const routeNames = (fleet: Fleet, id: string): readonly string[] => {
  const found = fleet.store.find(TYPE_URLS.routeConfiguration, `${id}/routes`)?.resource
  const message = found && decode('envoy.config.route.v3.RouteConfiguration', found.bytes)
  return message?.virtualHosts?.flatMap(({ routes = [] }) => routes.map(({ name = '' }) => name)) ?? []
}
