import { expect, test } from 'vitest'
import { route, settings, tenant } from '../translate/testing/models.ts'
import { translateFleet, translateMembers, translateTenant } from '../translate/translate.ts'
import type { TenantResources } from '../translate/translate.ts'
import { assembleFleet, assembleTenant, faultsOfTenant } from './assemble.ts'

const acme = translateTenant(tenant('acme', { routes: [route('orders')] }), settings)
const globex = translateTenant(tenant('globex', { routes: [route('orders')] }), settings)
const other = globex.id

test('a group holds what can be added first, first', () => {
  const group = assembleTenant(acme)
  expect({
    ...group,
    resources: group.resources.map(({ typeUrl, name }) => [typeUrl.split('.').at(-1), name]),
  }).toEqual({
    name: acme.id,
    resources: [
      ['Cluster', `${acme.id}/cluster/b1`],
      ['ClusterLoadAssignment', `${acme.id}/cluster/b1`],
      ['RouteConfiguration', `${acme.id}/routes`],
      ['ScopedRouteConfiguration', 'acme.gw.test'],
    ],
  })
})

test('the fleet is a group of its own, whose members do not depend on the order they came in', () => {
  const first = { address: '10.0.0.2', port: 2 }
  const second = { address: '10.0.0.1', port: 1 }
  const group = assembleFleet(translateFleet(settings), translateMembers([first, second, first]))
  expect([group.name, group.resources.map(({ name }) => name)]).toEqual(['fleet', ['fleet', 'edge']])
  expect(assembleFleet(translateFleet(settings), translateMembers([second, first]))).toEqual(group)
})

const withRoute = (cluster: string): TenantResources => ({
  ...acme,
  routes: {
    name: `${acme.id}/routes`,
    virtualHosts: [{ name: '*', domains: ['*'], routes: [{ name: 'r', match: { prefix: '/' }, route: { cluster } }] }],
  },
})

test.each<[string, TenantResources]>([
  ['a route to a cluster that is not there', withRoute(`${acme.id}/cluster/other`)],
  ["a route to another tenant's cluster", withRoute(`${other}/cluster/b1`)],
  ['a route to a cluster of the platform', withRoute('xds')],
  ["another tenant's cluster", { ...acme, clusters: globex.clusters }],
  ["another tenant's endpoints", { ...acme, endpoints: globex.endpoints }],
  [
    "another tenant's endpoints under an own name",
    {
      ...acme,
      clusters: acme.clusters.map((each) => ({ ...each, edsClusterConfig: { serviceName: `${other}/cluster/b1` } })),
    },
  ],
  ["another tenant's routes", { ...acme, routes: globex.routes }],
  [
    "a scope that leads to another tenant's routes",
    { ...acme, scopes: acme.scopes.map((each) => ({ ...each, routeConfigurationName: `${other}/routes` })) },
  ],
  ['a cluster without endpoints', { ...acme, endpoints: [] }],
  ['a cluster twice', { ...acme, clusters: [...acme.clusters, ...acme.clusters] }],
  ['a scope twice', { ...acme, scopes: [...acme.scopes, ...acme.scopes] }],
  [
    'a filter that is not in the listener',
    { ...acme, routes: { ...acme.routes, typedPerFilterConfig: { lua: { typeUrl: 'x', value: new Uint8Array() } } } },
  ],
])('%s is never published', (_what, resources) => {
  expect(faultsOfTenant(resources)).not.toEqual([])
  expect(() => assembleTenant(resources)).toThrow(`Cannot publish tenant "${acme.id}"`)
})

test('what is published has no fault', () => {
  expect([...faultsOfTenant(acme), ...faultsOfTenant(globex)]).toEqual([])
})
