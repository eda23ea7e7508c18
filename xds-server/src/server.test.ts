import { TYPE_URLS } from '@bulkhead/envoy'
import type { TypeUrl } from '@bulkhead/envoy'
import { advanceUntil, until } from '@bulkhead/runtime/testing'
import { tenantId } from '@bulkhead/tenancy'
import type { Fleet } from '@bulkhead/xds'
import { describe, expect, test } from 'vitest'
import { assembleTenant } from './assemble/assemble.ts'
import { aPolicy, aTenant, aTool, aToolSet } from './build/testing/fixtures.ts'
import type { FakeApi } from './testing/fake-api.ts'
import { acmeId, globexId, inGlobex, populated, routeNames, start } from './testing/control-plane.ts'
import { settings as fleetSettings, tenant } from './translate/testing/models.ts'
import { translateTenant } from './translate/translate.ts'
import { kindInfo } from './watch/seen.ts'

const { Tenant, Tool, ToolSet, AccessPolicy } = kindInfo

const versions = (fleet: Fleet, group: string): string =>
  JSON.stringify([...fleet.store.published(group)].map(([key, { version }]) => [key, version]))
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
    const inLate = { namespace: 'tenant-late', uid: 'uid-late-api' }
    api.put(Tool, aTool('pets', {}, { ...inLate, uid: 'uid-late-pets' }))
    api.put(ToolSet, aToolSet('api', ['pets'], { hostname: 'globex.gw.test' }, inLate))
    const { fleet, settle } = await start(api)
    const ofLate = { name: 'api', namespace: 'tenant-late' }
    await settle(() => api.condition(ToolSet, ofLate, 'Accepted') === 'False/HostnameNotGranted')
    expect(api.condition(ToolSet, ofLate, 'Programmed')).toBe('False/HostnameNotGranted')
    expect(names(fleet, TYPE_URLS.scopedRoute)).toEqual(['acme.gw.test', 'globex.gw.test'])
    expect(fleet.store.published(tenantId(late.metadata.uid)).size).toBe(0)
    api.put(Tenant, aTenant('globex', { status: { granted: { hostnames: [] } } }))
    const lateId = tenantId(late.metadata.uid)
    await settle(() => fleet.store.find(TYPE_URLS.scopedRoute, 'globex.gw.test')?.group === lateId)
    await settle(() => api.condition(ToolSet, ofLate, 'Accepted') === 'True/Accepted')
    expect(fleet.store.find(TYPE_URLS.scopedRoute, 'acme.gw.test')?.group).toBe(acmeId)
  })

  test('that cannot be published stays as it was, is tried again, and holds up nobody', async () => {
    const { api, clock, fleet, value, settle } = await start(populated())
    const before = versions(fleet, acmeId)
    // Somebody else's group already has the name: the snapshot refuses the whole publication.
    const squatter = assembleTenant(translateTenant(tenant('squatter'), fleetSettings))
    fleet.store.publish(squatter.name, squatter.resources)
    const granted = { hostnames: ['acme.gw.test', 'squatter.gw.test'], guaranteed: 100 }
    api.put(Tenant, aTenant('acme', { status: { granted } }))
    api.put(Tool, aTool('more', {}, inGlobex('uid-globex-more')))
    api.put(ToolSet, aToolSet('more', ['more'], { hostname: 'globex.gw.test' }, inGlobex('uid-globex-more-set')))
    await settle(() => routeNames(fleet, globexId).some((name) => name.includes('uid-globex-more')))
    await clock.advance(1_000)
    expect(versions(fleet, acmeId)).toBe(before)
    expect(await value('bulkhead_tenant_faults_total{tenant_id="acme"}')).toBeGreaterThan(0)
    fleet.store.publish(squatter.name, [])
    await settle(() => fleet.store.find(TYPE_URLS.scopedRoute, 'squatter.gw.test')?.group === acmeId)
  })

  test('that is gone is withdrawn from Envoy and from policy', async () => {
    const { api, fleet, policy, settle, value } = await start(populated())
    const publications = (): Promise<number> => value('bulkhead_publications_total{tenant_id="globex"}')
    expect(await publications()).toBe(1)
    api.remove(Tenant, 'globex')
    await settle(() => fleet.store.published(globexId).size === 0)
    expect(await publications()).toBeNaN()
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

describe('names that no name service answers', () => {
  const lookUp = (host: string): Promise<{ address: string; ttl: number }[]> =>
    host.startsWith('hole') ? new Promise(() => undefined) : Promise.resolve([{ address: '203.0.113.7', ttl: 300 }])
  const backend = (host: string) => ({ backend: { type: 'External', external: { host, port: 80 } } })
  const holes = Array.from({ length: 60 }, (_, index) => `hole${index}`)
  const has = (fleet: Fleet, id: string, uid: string): boolean =>
    routeNames(fleet, id).some((name) => name.includes(uid))
  const digHoles = (api: FakeApi): void => {
    for (const name of holes) api.put(Tool, aTool(name, backend(`${name}.example`)))
    api.put(ToolSet, aToolSet('holes', holes))
  }

  test('refuse only their own tools, and hold up no other tenant', async () => {
    const api = populated()
    const { clock, fleet, settle } = await start(api, { lookUp })
    digHoles(api)
    await clock.advance(100)
    api.put(Tool, aTool('new', backend('new.example'), inGlobex('uid-globex-new')))
    const inOwn = inGlobex('uid-globex-news')
    api.put(ToolSet, aToolSet('news', ['new'], { hostname: 'globex.gw.test' }, inOwn))
    await clock.advance(200)
    expect(has(fleet, globexId, 'uid-globex-new')).toBe(true)
    expect(has(fleet, acmeId, 'uid-hole0')).toBe(false)
    const hole = { name: 'hole0', namespace: 'tenant-acme' }
    await settle(() => api.condition(Tool, hole, 'Accepted') === 'False/BackendNotFound')
    expect([has(fleet, acmeId, 'uid-hole0'), has(fleet, acmeId, 'uid-api/uid-pets')]).toEqual([true, true])
  })

  test('cannot put off what is decided about their tenant, however many new ones there are', async () => {
    const api = populated()
    const { clock, fleet } = await start(api, { lookUp })
    const startedMs = clock.now()
    api.put(Tenant, aTenant('acme', { status: { granted: { hostnames: [] } } }))
    for (const name of holes.slice(0, 30)) {
      api.put(Tool, aTool(name, backend(`${name}.example`)))
      await clock.advance(100)
    }
    expect(clock.now() - startedMs).toBe(3_000)
    expect(names(fleet, TYPE_URLS.scopedRoute)).toEqual(['globex.gw.test'])
  })

  test('hold up a start for a bounded time', async () => {
    const api = populated()
    digHoles(api)
    const { clock, fleet, isReady } = await start(api, { lookUp, waitForOpen: false })
    const startedMs = clock.now()
    await advanceUntil(clock, isReady)
    expect(clock.now() - startedMs).toBeLessThanOrEqual(11_000)
    expect(has(fleet, acmeId, 'uid-api/uid-pets')).toBe(true)
  })
})

test('a stop ends everything, and what is published stays', async () => {
  const { control, fleet, clock } = await start(populated())
  await control.stop()
  await until(() => clock.sleeping === 0)
  expect(fleet.store.published(acmeId).size).toBeGreaterThan(0)
})
