import { encode, toJson } from '@bulkhead/envoy'
import type { JsonValue } from '@bulkhead/envoy'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { at, entriesAt, listAt, textAt } from '../lint/json.ts'
import type { TenantModel } from '../model/model.ts'
import { clusterOf, endpointsOf } from './tenant/clusters.ts'
import {
  backend,
  forwardTo,
  hostOf,
  identityShard,
  ownIdentity,
  refused,
  route,
  settings,
  tenant,
} from './testing/models.ts'
import { translateIdentity, translateTenant } from './translate.ts'

const routesType = 'envoy.config.route.v3.RouteConfiguration'

function routesJson(model: TenantModel): JsonValue {
  const { routes } = translateTenant(model, settings)
  return routes === undefined ? null : toJson(routesType, encode(routesType, routes))
}

function virtualHost(model: TenantModel): JsonValue | undefined {
  return at(routesJson(model), 'virtualHosts.0')
}

/** The routes between the first (421) and the last (404), which have cases of their own. */
function routes(...own: TenantModel['routes']): readonly JsonValue[] {
  return listAt(virtualHost(tenant('acme', { routes: own })), 'routes').slice(1, -1)
}

function part(model: TenantModel, path: string): JsonValue | undefined {
  return at(virtualHost(model), path)
}

// The limits and filters have cases of their own.
function frame(model: TenantModel): JsonValue {
  const host = entriesAt(virtualHost(model), '')
  return Object.fromEntries(host.filter(([key]) => key !== 'rateLimits' && key !== 'typedPerFilterConfig'))
}

const two = tenant('acme', { hosts: [hostOf('acme.gw.test'), hostOf('api.acme.test')] })
const cluster = 'envoy.config.cluster.v3.Cluster'
const assignment = 'envoy.config.endpoint.v3.ClusterLoadAssignment'
const secured = { ...backend, tls: { sni: 'orders.example' } }

/** One idea per case. `make golden` writes them anew; read what changed. */
const cases: Readonly<Record<string, () => JsonValue | undefined | readonly JsonValue[]>> = {
  'the frame of a virtual host': () => frame(tenant('acme')),
  'a route to a backend': () => routes(route('orders')),
  'a public route switches the slot off': () => routes(route('orders', { access: 'Public' })),
  'methods and what a path has not': () => routes(route('orders', { methods: ['POST', 'GET'] })),
  'a broken tool is refused on its own path': () => routes(route('orders', { action: refused })),
  'a tool that is given the token': () => routes(route('orders', { action: { ...forwardTo(), forwardToken: true } })),
  'a tool that is tried again': () =>
    routes(route('orders', { action: { ...forwardTo(), retries: 2, timeoutMs: 250 } })),
  'a base path before a template': () =>
    routes(route('order', { basePath: '/shop', match: { kind: 'template', path: '/orders/{id}' } })),
  'a tenant with two hosts': () =>
    listAt(virtualHost({ ...two, routes: [route('orders', { methods: ['GET'] })] }), 'routes')
      .slice(0, 3)
      .map((each) => at(each, 'match') ?? null),
  'a suspended tenant': () => part(tenant('acme', { isSuspended: true, routes: [route('orders')] }), 'routes'),
  'the jwt filter of a tenant': () => part(tenant('acme'), 'typedPerFilterConfig.tenant-auth'),
  'a tenant with its own issuer': () =>
    part(
      tenant('acme', { identity: ownIdentity }),
      'typedPerFilterConfig.tenant-auth.filterChain.filters.0.typedConfig.providers',
    ),
  'a tenant without keys': () => part(tenant('acme', { identity: undefined }), 'typedPerFilterConfig.tenant-auth'),
  'the local limits of a tenant': () => [
    part(tenant('acme'), 'typedPerFilterConfig.tenant-guarantee') ?? null,
    part(tenant('acme'), 'typedPerFilterConfig.tenant-cap') ?? null,
  ],
  'the cap of a small tenant': () =>
    part(tenant('acme', { limits: { guaranteed: 0, ceiling: 1 } }), 'typedPerFilterConfig.tenant-cap.tokenBucket'),
  'the counters of a tenant': () => part(tenant('acme'), 'rateLimits'),
  'the counters without a guarantee': () =>
    listAt(virtualHost(tenant('acme', { limits: { guaranteed: 0, ceiling: 1 } })), 'rateLimits').slice(-1),
  'a cluster': () => toJson(cluster, encode(cluster, clusterOf(tenant('acme').id, backend, settings.backendRootsFile))),
  'a cluster over tls': () =>
    at(
      toJson(cluster, encode(cluster, clusterOf(tenant('acme').id, secured, settings.backendRootsFile))),
      'transportSocket',
    ),
  endpoints: () => toJson(assignment, encode(assignment, endpointsOf(tenant('acme').id, backend))),
  scopes: () =>
    translateTenant(two, settings).scopes.map((scope) =>
      toJson(
        'envoy.config.route.v3.ScopedRouteConfiguration',
        encode('envoy.config.route.v3.ScopedRouteConfiguration', scope),
      ),
    ),
}

function identityJson(path: string): JsonValue | undefined {
  const { routes: made } = translateIdentity(identityShard(8080), ['acme-aaaaaaaaaaaaa'], settings.identity)
  return at(toJson(routesType, encode(routesType, made)), `virtualHosts.0.${path}`)
}

const identityCases: typeof cases = {
  'the frame of an identity host': () => ({
    name: 'identity',
    add: identityJson('requestHeadersToAdd') ?? null,
    remove: identityJson('requestHeadersToRemove') ?? null,
    slots: Object.keys(Object.fromEntries(entriesAt(identityJson('typedPerFilterConfig'), ''))).sort(),
  }),
  'an endpoint of an identity host': () => identityJson('routes.1'),
  'the endpoints of an identity host': () =>
    listAt(identityJson('routes'), '').map((each) => {
      const methods = textAt(each, 'match.headers.1.stringMatch.safeRegex.regex') || 'all'
      return `${methods} ${textAt(each, 'match.pathMatchPolicy.typedConfig.pathTemplate') || textAt(each, 'match.prefix')}`
    }),
  'the limits of an identity host': () => identityJson('typedPerFilterConfig.tenant-cap'),
  'the cluster of an identity host': () =>
    toJson(cluster, encode(cluster, translateIdentity(identityShard(8080), [], settings.identity).clusters[0])),
}

describe('golden', () => {
  for (const [title, make] of Object.entries({ ...cases, ...identityCases }))
    test(title, async () => {
      const text = stringify(make(), { singleQuote: true, lineWidth: 0 })
      await expect(text).toMatchFileSnapshot(`golden/${title.replaceAll(' ', '-')}.yaml`)
    })
})
