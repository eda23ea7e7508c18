import { decode, TYPE_URLS } from '@bulkhead/envoy'
import type { Fleet } from '@bulkhead/xds'
import { expect, test } from 'vitest'
import { aTool, aToolSet } from './build/testing/fixtures.ts'
import { acmeId, populated, start } from './testing/control-plane.ts'
import type { FakeApi } from './testing/fake-api.ts'
import { coreKinds } from './watch/core-kinds.ts'
import { kindInfo } from './watch/seen.ts'

const { Tool, ToolSet } = kindInfo
const namespace = 'tenant-acme'
const inService = { backend: { type: 'Service', service: { name: 'orders', port: 80 } } }

/** One Pod behind a Service, at an address. */
function placePod(api: FakeApi, address: string): void {
  api.put(coreKinds.pod, { metadata: { namespace, name: 'orders-0', uid: 'pod-0' }, status: { podIP: address } })
  const targetRef = { kind: 'Pod', namespace, name: 'orders-0', uid: 'pod-0' }
  api.put(coreKinds.endpointSlice, {
    metadata: { namespace, name: 'orders-0', labels: { 'kubernetes.io/service-name': 'orders' } },
    addressType: 'IPv4',
    ports: [{ name: '', port: 8080, protocol: 'TCP' }],
    endpoints: [{ addresses: [address], targetRef }],
  })
}

async function startWithService() {
  const api = populated()
  api.put(coreKinds.service, {
    metadata: { namespace, name: 'orders' },
    spec: { selector: { app: 'orders' }, ports: [{ port: 80 }] },
  })
  placePod(api, '10.0.0.1')
  api.put(Tool, aTool('orders', inService))
  api.put(ToolSet, aToolSet('orders', ['orders']))
  const started = await start(api)
  const published: string[] = []
  started.fleet.store.subscribe((change) => {
    if (change.kind === 'group' && change.group === acmeId) published.push(...change.names.keys())
  })
  const routesPublished = (): number => published.filter((each) => each === TYPE_URLS.routeConfiguration).length
  return { ...started, routesPublished }
}

function addresses(fleet: Fleet): readonly string[] {
  return [...fleet.store.published(acmeId).values()]
    .filter(({ typeUrl }) => typeUrl === TYPE_URLS.endpoints)
    .flatMap(({ bytes }) => decode('envoy.config.endpoint.v3.ClusterLoadAssignment', bytes).endpoints ?? [])
    .flatMap(({ lbEndpoints = [] }) => lbEndpoints)
    .map(({ endpoint }) => endpoint?.address?.socketAddress?.address ?? '')
}

test('a tenant that edits in a loop while its Pods move publishes routes once a second, and moves at once', async () => {
  const { api, clock, fleet, routesPublished } = await startWithService()
  for (let turn = 1; turn <= 50; turn += 1) {
    api.put(Tool, aTool('orders', { ...inService, http: { methods: ['GET'], path: `/orders-${turn}` } }))
    await clock.advance(50)
    placePod(api, `10.0.1.${turn}`)
    await clock.advance(150)
    expect(addresses(fleet)).toContain(`10.0.1.${turn}`)
  }
  expect(routesPublished()).toBeGreaterThanOrEqual(8)
  expect(routesPublished()).toBeLessThanOrEqual(13)
  await clock.advance(1_000)
  const routes = fleet.store.find(TYPE_URLS.routeConfiguration, `${acmeId}/routes`)?.resource?.bytes
  expect(Buffer.from(routes ?? []).toString('latin1')).toContain('/orders-50')
})
