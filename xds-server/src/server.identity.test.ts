import { decode, TYPE_URLS } from '@bulkhead/envoy'
import { issuerOf, parseTenantName, realmOf, tenantId } from '@bulkhead/tenancy'
import type { TenantName } from '@bulkhead/tenancy'
import type { Fleet } from '@bulkhead/xds'
import { expect, test } from 'vitest'
import { aTenant, aTool } from './build/testing/fixtures.ts'
import { acmeId, populated, start } from './testing/control-plane.ts'
import { identityShard } from './translate/testing/models.ts'
import { kindInfo } from './watch/seen.ts'

const { Tenant, Tool } = kindInfo
const shard = identityShard(8080)
const group = 'platform/identity/default'

function realm(name: string): string {
  return realmOf({ name: parseTenantName(name) as TenantName, id: tenantId(aTenant(name).metadata.uid) })
}

/** A Tenant whose realm is on the shard; its grants may be wrong. */
function tenantOn(name: string, hostnames: readonly string[] = [`${name}.gw.test`]) {
  const tenant = aTenant(name)
  const key = { name: parseTenantName(name) as TenantName, id: tenantId(tenant.metadata.uid) }
  const identity = { ...tenant.status?.identity, issuer: issuerOf(shard.publicUrl, key) }
  return { ...tenant, status: { ...tenant.status, identity, granted: { ...tenant.status?.granted, hostnames } } }
}

function limitedRealms(fleet: Fleet): readonly string[] {
  const found = fleet.store.find(TYPE_URLS.routeConfiguration, `${group}/routes`)?.resource
  const text = found === undefined ? '' : Buffer.from(found.bytes).toString('latin1')
  return ['acme', 'globex', 'initech'].filter((name) => text.includes(realm(name)))
}

async function startWithRealms() {
  const api = populated()
  api.put(Tenant, tenantOn('acme'))
  api.put(Tenant, tenantOn('globex'))
  const started = await start(api, { identityShards: [shard] })
  const published: string[] = []
  started.fleet.store.subscribe((change) => {
    if (change.kind === 'group') published.push(change.group)
  })
  return { ...started, published }
}

test('an identity host is there from the start, with the realms that are known', async () => {
  const { fleet } = await startWithRealms()
  const scope = fleet.store.find(TYPE_URLS.scopedRoute, 'id.gw.test')?.resource
  expect(scope && decode('envoy.config.route.v3.ScopedRouteConfiguration', scope.bytes).routeConfigurationName).toBe(
    `${group}/routes`,
  )
  expect(fleet.store.find(TYPE_URLS.secret, 'id.gw.test')).toBeDefined()
  expect(limitedRealms(fleet)).toEqual(['acme', 'globex'])
})

test("a tenant's edit leaves the identity host alone", async () => {
  const { api, fleet, published, clock, settle } = await startWithRealms()
  const before = fleet.store.published(acmeId)
  api.put(Tool, aTool('pets', { http: { methods: ['GET'], path: '/other' } }))
  await settle(() => fleet.store.published(acmeId) !== before)
  await clock.advance(5_000)
  expect(published).not.toContain(group)
})

test('realms that come and go together are one publication, within a second', async () => {
  const { api, fleet, published, clock } = await startWithRealms()
  api.put(Tenant, tenantOn('initech'))
  api.remove(Tenant, 'globex')
  await clock.advance(1_500)
  expect(limitedRealms(fleet)).toEqual(['acme', 'initech'])
  expect(published.filter((each) => each === group)).toHaveLength(1)
})

test('a tenant that was granted the identity host does not take it', async () => {
  const { api, fleet, clock } = await startWithRealms()
  api.put(Tenant, tenantOn('acme', ['acme.gw.test', 'id.gw.test']))
  await clock.advance(2_000)
  expect(fleet.store.find(TYPE_URLS.scopedRoute, 'id.gw.test')?.group).toBe(group)
  expect(fleet.store.find(TYPE_URLS.scopedRoute, 'acme.gw.test')?.group).toBe(acmeId)
})
