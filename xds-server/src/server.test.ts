import { TYPE_URLS, decode } from '@bulkhead/envoy'
import type { TypeUrl } from '@bulkhead/envoy'
import { createMetrics, silentLogger } from '@bulkhead/runtime'
import { TestClock, advanceUntil, until } from '@bulkhead/runtime/testing'
import { tenantId } from '@bulkhead/tenancy'
import { afterEach, describe, expect, test } from 'vitest'
import { aPlan, aPolicy, aSubscription, aTenant, aTool, aToolSet, settings } from './build/fixtures.ts'
import type { ControlPlane } from './server.ts'
import { startControlPlane } from './server.ts'
import { connect, groupOf } from './store/sample.ts'
import { Fleet } from './store/index.ts'
import { FakeApi } from './testing/fake-api.ts'
import { FakePolicy } from './testing/fake-policy.ts'
import { settings as fleetSettings } from './translate/testing/models.ts'
import { kindInfo } from './watch/seen.ts'

const { Tenant, Tool, ToolSet, Subscription, AccessPolicy, Plan } = kindInfo
const acme = aTenant()
const globex = aTenant('globex')
const [acmeId, globexId] = [tenantId(acme.metadata.uid), tenantId(globex.metadata.uid)]
const inGlobex = (uid: string) => ({ namespace: 'tenant-globex', uid })

let running: { stop(): Promise<void> } | undefined
afterEach(async () => {
  await running?.stop()
  running = undefined
})

function populated(): FakeApi {
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

async function start(api: FakeApi, { waitForOpen = true } = {}) {
  const clock = new TestClock(Date.parse('2026-03-01T00:00:00Z'))
  const fleet = new Fleet()
  const policy = new FakePolicy()
  const metrics = createMetrics()
  const control: ControlPlane = startControlPlane({
    client: api,
    fleet,
    policy,
    lookUp: () => Promise.resolve([{ address: '203.0.113.7', ttl: 300 }]),
    buildSettings: settings,
    fleetSettings: { ...fleetSettings, capacityRequestsPerSecond: 1000 },
    certificates: () => [{ hosts: ['*.gw.test'], cert: 'CERT', key: 'KEY' }],
    ...{ clock, random: () => 0, logger: silentLogger, metrics },
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
  running = control
  return { api, clock, fleet, policy, control, value, envoy, settle, isReady }
}

const versions = (fleet: Fleet, group: string): string =>
  JSON.stringify([...fleet.store.published(group)].map(([key, { version }]) => [key, version]))
const routeNames = (fleet: Fleet, id: string): readonly string[] => {
  const found = fleet.store.find(TYPE_URLS.routeConfiguration, `${id}/routes`)?.resource
  const message = found && decode('envoy.config.route.v3.RouteConfiguration', found.bytes)
  return message?.virtualHosts?.flatMap(({ routes = [] }) => routes.map(({ name = '' }) => name)) ?? []
}
const names = (fleet: Fleet, typeUrl: TypeUrl): readonly string[] => [...fleet.store.names(typeUrl)].sort()

describe('a start', () => {
  test('publishes every tenant, its certificates and its policy data, and then opens', async () => {
    const { fleet, policy } = await start(populated())
    expect(fleet.store.isOpen).toBe(true)
    expect(policy.isOpen).toBe(true)
    expect(names(fleet, TYPE_URLS.scopedRoute)).toEqual(['acme.gw.test', 'globex.gw.test'])
    expect(names(fleet, TYPE_URLS.secret)).toEqual(['acme.gw.test', 'globex.gw.test'])
    expect(names(fleet, TYPE_URLS.listener)).toEqual(['edge'])
    expect(routeNames(fleet, acmeId).some((name) => name.includes('uid-api/uid-pets'))).toBe(true)
    const upserts = policy.operations.flatMap((each) => (each.kind === 'upsertTenant' ? [each] : []))
    expect(upserts.map(({ id }) => id).sort()).toEqual([acmeId, globexId].sort())
    expect(upserts.find(({ id }) => id === acmeId)?.tenant).toMatchObject({
      subscriptions: { 'sub-uid-app': { toolset: 'uid-api', plan: 'uid-gold' } },
      plans: { 'uid-gold': { limits: { minute: { requests_per_unit: 5, unit: 'MINUTE' } } } },
    })
    expect(policy.operations.filter(({ kind }) => kind === 'setPool').at(-1)).toEqual({
      kind: 'setPool',
      pool: { requests_per_unit: 800, unit: 'SECOND' },
    })
  })

  test.each([
    'tenants',
    'tools',
    'toolsets',
    'plans',
    'subscriptions',
    'accesspolicies',
    'services',
    'pods',
    'endpointslices',
  ])('rule 42: nothing is published before the first complete list of %s', async (plural) => {
    const api = populated()
    api.hold(plural)
    const { clock, fleet, policy, control, isReady } = await start(api, { waitForOpen: false })
    await clock.advance(5_000)
    expect([...fleet.store.groups]).toEqual([])
    expect([fleet.store.isOpen, policy.isOpen, isReady()]).toEqual([false, false, false])
    expect(control.readiness[0]?.problem()).toContain('the first list is not complete')
    api.release(plural)
    await advanceUntil(clock, isReady)
    expect(fleet.store.isOpen).toBe(true)
  })
})

describe('one tenant', () => {
  test('is all that is built when one of its objects changes', async () => {
    const { api, fleet, value, settle } = await start(populated())
    const others = versions(fleet, globexId)
    const before = await value('bulkhead_tenants_rebuilt_total')
    api.put(Tool, aTool('more'))
    api.put(ToolSet, aToolSet('more', ['more']))
    await settle(() => routeNames(fleet, acmeId).some((name) => name.includes('uid-more')))
    const after = await value('bulkhead_tenants_rebuilt_total')
    expect(after - before).toBeGreaterThanOrEqual(1)
    expect(after - before).toBeLessThanOrEqual(2)
    expect(versions(fleet, globexId)).toBe(others)
  })

  test('is not built again by what we write into its statuses', async () => {
    const { clock, api, value, settle, envoy, policy } = await start(populated())
    const before = await value('bulkhead_tenants_rebuilt_total')
    envoy()
    policy.takeUp()
    await settle(() => api.condition(ToolSet, { name: 'api', namespace: 'tenant-acme' }, 'Ready') === 'True/Ready')
    await clock.advance(120_000)
    expect(await value('bulkhead_tenants_rebuilt_total')).toBe(before)
    const written = api.writes.length
    await clock.advance(120_000)
    expect(api.writes.length).toBe(written)
  })

  test("S-109 that claims another's host changes nothing of it, and does not learn whose it is", async () => {
    const { api, fleet, settle } = await start(populated())
    const others = versions(fleet, globexId)
    api.put(ToolSet, aToolSet('greedy', ['pets'], { hostname: 'globex.gw.test' }))
    const greedy = { name: 'greedy', namespace: 'tenant-acme' }
    await settle(() => api.condition(ToolSet, greedy, 'Accepted') === 'False/HostnameNotGranted')
    expect(versions(fleet, globexId)).toBe(others)
    expect(JSON.stringify(api.conditions(ToolSet, greedy))).not.toContain('tenant-globex')
  })

  test('with an object that cannot be read leaves everybody else untouched', async () => {
    const { api, fleet, settle } = await start(populated())
    const others = versions(fleet, globexId)
    const broken = aTool('pets')
    api.put(Tool, { ...broken, spec: { ...broken.spec, backend: { type: 'Carrier Pigeon' } } })
    await settle(
      () => api.condition(Tool, { name: 'pets', namespace: 'tenant-acme' }, 'Accepted') === 'False/InvalidSpec',
    )
    expect(routeNames(fleet, acmeId).some((name) => name.includes('uid-api/uid-pets'))).toBe(true)
    expect(versions(fleet, globexId)).toBe(others)
  })

  test('with a host that another one holds does not publish it, and gets it when that one lets go', async () => {
    const api = populated()
    const granted = { hostnames: ['globex.gw.test', 'acme.gw.test'], guaranteed: 0 }
    const late = aTenant('late', { created: '2026-02-01T00:00:00Z', status: { granted } })
    api.put(Tenant, late)
    const { fleet, settle } = await start(api)
    expect(names(fleet, TYPE_URLS.scopedRoute)).toEqual(['acme.gw.test', 'globex.gw.test'])
    expect(fleet.store.published(tenantId(late.metadata.uid)).size).toBe(0)
    api.put(Tenant, aTenant('globex', { status: { granted: { hostnames: [] } } }))
    const lateId = tenantId(late.metadata.uid)
    await settle(() => fleet.store.find(TYPE_URLS.scopedRoute, 'globex.gw.test')?.group === lateId)
    expect(fleet.store.find(TYPE_URLS.scopedRoute, 'acme.gw.test')?.group).toBe(acmeId)
  })

  test('that cannot be published stays as it was, is tried again, and holds up nobody', async () => {
    const { api, clock, fleet, value, settle } = await start(populated())
    const before = versions(fleet, acmeId)
    // Somebody else's group already has the name: the snapshot refuses the whole publication.
    fleet.store.publish('squatter', groupOf('squatter'))
    const granted = { hostnames: ['acme.gw.test', 'squatter.example'], guaranteed: 100 }
    api.put(Tenant, aTenant('acme', { status: { granted } }))
    api.put(Tool, aTool('more', {}, inGlobex('uid-globex-more')))
    api.put(ToolSet, aToolSet('more', ['more'], { hostname: 'globex.gw.test' }, inGlobex('uid-globex-more-set')))
    await settle(() => routeNames(fleet, globexId).some((name) => name.includes('uid-globex-more')))
    await clock.advance(1_000)
    expect(versions(fleet, acmeId)).toBe(before)
    expect(await value('bulkhead_tenant_faults_total{tenant_id="acme"}')).toBeGreaterThan(0)
    fleet.store.publish('squatter', [])
    await settle(() => fleet.store.find(TYPE_URLS.scopedRoute, 'squatter.example')?.group === acmeId)
  })

  test('that is gone is withdrawn from Envoy and from policy', async () => {
    const { api, fleet, policy, settle } = await start(populated())
    api.remove(Tenant, 'globex')
    await settle(() => fleet.store.published(globexId).size === 0)
    expect(policy.operations).toContainEqual({ kind: 'removeTenant', id: globexId })
    expect(names(fleet, TYPE_URLS.scopedRoute)).toEqual(['acme.gw.test'])
  })

  test('a policy that is added reaches the policy agents and nothing of Envoy', async () => {
    const { api, fleet, policy, settle } = await start(populated())
    const before = versions(fleet, acmeId)
    api.put(AccessPolicy, aPolicy('only-readers', { kind: 'ToolSet', name: 'api' }, [{ roles: ['reader'] }]))
    const hasPolicy = (): boolean =>
      policy.operations.some((each) => each.kind === 'upsertTenant' && 'uid-api' in each.tenant.policies)
    await settle(hasPolicy)
    expect(versions(fleet, acmeId)).toBe(before)
  })
})

describe('what is reported', () => {
  const api_ = { name: 'api', namespace: 'tenant-acme' }

  test('without an Envoy says so', async () => {
    const { api, settle } = await start(populated())
    await settle(() => api.condition(ToolSet, api_, 'Programmed') === 'False/NoDataPlane')
    expect(api.condition(ToolSet, api_, 'Accepted')).toBe('True/Accepted')
    await settle(() => api.condition(Tenant, { name: 'acme' }, 'Programmed') === 'False/NoDataPlane')
  })

  test('is programmed once every Envoy accepted and every policy agent has it', async () => {
    const { api, settle, envoy, policy, value } = await start(populated())
    envoy()
    await settle(() => api.condition(ToolSet, api_, 'Programmed') === 'True/Programmed')
    const app = { name: 'app', namespace: 'tenant-acme' }
    await settle(() => api.condition(Subscription, app, 'Programmed') === 'False/NoAnswer')
    policy.takeUp()
    await settle(() => api.condition(Subscription, app, 'Programmed') === 'True/Programmed')
    await settle(() => api.condition(Tenant, { name: 'acme' }, 'Programmed') === 'True/Programmed')
    expect(api.get(Tenant, 'acme')?.['status']).toMatchObject({ dataPlane: { programmed: 1, total: 1 } })
    expect(await value('bulkhead_propagation_seconds_count')).toBeGreaterThan(0)
  })

  test('is a refusal on the object to blame, on nobody else, and recovers', async () => {
    const { api, settle, envoy, policy, fleet } = await start(populated())
    const { client } = envoy()
    policy.takeUp()
    await settle(() => api.condition(Tenant, { name: 'globex' }, 'Programmed') === 'True/Programmed')
    await settle(() => api.condition(ToolSet, api_, 'Ready') === 'True/Ready')
    api.put(Tool, aTool('odd'))
    api.put(ToolSet, aToolSet('odd', ['odd']))
    await settle(() => routeNames(fleet, acmeId).some((name) => name.includes('uid-odd/uid-odd')))
    const bad = routeNames(fleet, acmeId).find((name) => name.includes('uid-odd/uid-odd'))
    const [refused] = client.receive().filter(({ typeUrl }) => typeUrl === TYPE_URLS.routeConfiguration)
    if (refused === undefined) throw new Error('No routes were sent')
    client.nack(refused, `route ${bad ?? ''}: no good`)
    const odd = { name: 'odd', namespace: 'tenant-acme' }
    await settle(() => api.condition(ToolSet, odd, 'Programmed') === 'False/EnvoyRejected')
    expect(api.conditions(ToolSet, odd).find(({ type }) => type === 'Programmed')?.message).toContain('no good')
    expect(api.condition(ToolSet, api_, 'Programmed')).toBe('True/Programmed')
    expect(api.condition(Tenant, { name: 'globex' }, 'Programmed')).toBe('True/Programmed')
    expect(routeNames(fleet, acmeId).some((name) => name.includes('uid-odd'))).toBe(false)
    expect(api.events.some((event) => event['reason'] === 'EnvoyRejected')).toBe(true)
    api.put(Tool, aTool('odd', { http: { methods: ['POST'], path: '/mended' } }))
    await settle(() => routeNames(fleet, acmeId).some((name) => name.includes('uid-odd')))
    client.follow()
    await settle(() => api.condition(ToolSet, odd, 'Programmed') === 'True/Programmed')
    expect(api.condition(ToolSet, odd, 'Stalled')).toBe('')
  })

  test('is Withdrawn when the operator took the grants back and no Envoy routes there', async () => {
    const { api, settle, envoy, policy } = await start(populated())
    const { client } = envoy()
    policy.takeUp()
    await settle(() => api.condition(Tenant, { name: 'globex' }, 'Programmed') === 'True/Programmed')
    const leaving = { deletionTimestamp: '2026-03-01T00:00:00Z', status: { granted: { hostnames: [] } } }
    api.put(Tenant, aTenant('globex', leaving))
    await settle(() =>
      client.receive().some((each) => {
        client.ack(each)
        return each.typeUrl === TYPE_URLS.scopedRoute && each.removed.includes('globex.gw.test')
      }),
    )
    client.follow()
    await settle(() => api.condition(Tenant, { name: 'globex' }, 'Programmed') === 'False/Withdrawn')
  })
})

test('a stop ends everything, and what is published stays', async () => {
  const { control, fleet, clock } = await start(populated())
  await control.stop()
  await until(() => clock.sleeping === 0)
  expect(fleet.store.published(acmeId).size).toBeGreaterThan(0)
})
