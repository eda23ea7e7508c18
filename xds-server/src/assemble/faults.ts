import { decodeAny } from '@bulkhead/envoy'
import type { Cluster, ClusterLoadAssignment, Route, RouteConfiguration, VirtualHost } from '@bulkhead/envoy'
import type { TenantId } from '@bulkhead/tenancy'
import { routesName } from '@bulkhead/tenancy'
import type { TenantResources } from '../translate/translate.ts'
import { filterNames } from '../translate/names.ts'
import { entriesOf, entryOf } from './entries.ts'

/** Why a group must not be published: a mistake of ours, since a tenant cannot name any of this. */
export interface Fault {
  readonly resource: string
  readonly message: string
}

/** Everything in a tenant's resources that leads nowhere, or to another tenant. Envoy itself accepts both silently. */
export function faultsOfTenant(tenant: TenantResources): readonly Fault[] {
  return [...danglingReferences(tenant), ...foreignReferences(tenant)]
}

function danglingReferences(tenant: TenantResources): readonly Fault[] {
  const { clusters, endpoints, routes, scopes } = tenant
  const clusterNames = new Set(clusters.map(({ name }) => name))
  const assigned = new Set(endpoints.map(({ clusterName }) => clusterName))
  return [
    ...repeated(
      clusters.map(({ name }) => name ?? ''),
      'cluster',
    ),
    ...repeated(
      scopes.map(({ name }) => name ?? ''),
      'scope',
    ),
    ...clusters.filter(({ name }) => !assigned.has(name)).map(({ name }) => fault(name, 'has no endpoints resource')),
    ...endpoints
      .filter(({ clusterName }) => !clusterNames.has(clusterName))
      .map(({ clusterName }) => fault(clusterName, 'gives endpoints to a cluster that is not there')),
    ...clusterReferences(routes)
      .filter(({ cluster }) => !clusterNames.has(cluster))
      .map(({ route, cluster }) => fault(route, `goes to the cluster "${cluster}", which is not there`)),
    ...scopes
      .filter(({ routeConfigurationName }) => routeConfigurationName !== routes?.name)
      .map(({ name, routeConfigurationName = '' }) =>
        fault(name, `leads to the routes "${routeConfigurationName}", which are not there`),
      ),
    ...filterKeys(routes)
      .filter((key) => !knownFilters.has(key))
      .map((key) => fault(routes?.name, `configures the filter "${key}", which is not in the listener`)),
  ]
}

const knownFilters: ReadonlySet<string> = new Set(filterNames)

/**
 * Everything in a tenant's resources that is not that tenant's own, by the names that only `tenancy` derives: the
 * isolation invariant of the data plane.
 */
export function foreignReferences(tenant: TenantResources): readonly Fault[] {
  const { id, routes } = tenant
  const isOwn = (name: string | undefined): boolean => name?.startsWith(`${id}/`) === true
  const foreign = (names: readonly (string | undefined)[], what: string): readonly Fault[] =>
    names.filter((name) => !isOwn(name)).map((name) => fault(name, `is a ${what} of somebody else than "${id}"`))
  return [
    ...foreign(
      tenant.clusters.map(({ name }) => name),
      'cluster',
    ),
    ...foreign(tenant.clusters.flatMap(endpointNames), 'source of endpoints'),
    ...foreign(tenant.endpoints.map(assignmentName), 'set of endpoints'),
    ...foreign(routes === undefined ? [] : [routes.name], 'route configuration'),
    ...foreign(
      tenant.scopes.map(({ routeConfigurationName }) => routeConfigurationName),
      'target of a scope',
    ),
    ...foreign(
      clusterReferences(routes).map(({ cluster }) => cluster),
      'target of a route',
    ),
    ...routesIn(routes).flatMap((route) => foreignContext(id, route)),
    ...hostsIn(routes).flatMap((host) => foreignCounters(id, host)),
    ...(routes !== undefined && routes.name !== routesName(id) ? [fault(routes.name, 'has an unknown name')] : []),
  ]
}

function endpointNames({ edsClusterConfig, loadAssignment }: Cluster): readonly string[] {
  const { serviceName = '' } = edsClusterConfig ?? {}
  const inline = loadAssignment === undefined ? [] : [assignmentName(loadAssignment)]
  return [...(serviceName === '' ? [] : [serviceName]), ...inline]
}

function assignmentName({ clusterName }: ClusterLoadAssignment): string {
  return clusterName ?? ''
}

// What policy is told of a route: whose it is decides whose tokens it takes.
function foreignContext(id: TenantId, route: Route): readonly Fault[] {
  const config = entryOf(route.typedPerFilterConfig, 'ext-authz')
  if (config === undefined || !config.typeUrl.endsWith('.ExtAuthzPerRoute')) return []
  const settings = decodeAny('envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute', config).checkSettings
  const tenant = entryOf(settings?.contextExtensions, 'tenant')
  return tenant === id ? [] : [fault(route.name, `tells policy the tenant "${tenant ?? ''}"`)]
}

function foreignCounters(id: TenantId, { name, rateLimits = [] }: VirtualHost): readonly Fault[] {
  return rateLimits
    .flatMap(({ actions = [] }) => actions)
    .filter(({ genericKey }) => genericKey?.descriptorKey === 'tenant' && genericKey.descriptorValue !== id)
    .map(({ genericKey }) => fault(name, `counts for the tenant "${genericKey?.descriptorValue ?? ''}"`))
}

function hostsIn(routes: RouteConfiguration | undefined): readonly VirtualHost[] {
  return routes?.virtualHosts ?? []
}

function routesIn(routes: RouteConfiguration | undefined): readonly Route[] {
  return hostsIn(routes).flatMap((host) => host.routes ?? [])
}

interface ClusterReference {
  readonly route: string | undefined
  readonly cluster: string
}

function clusterReferences(routes: RouteConfiguration | undefined): readonly ClusterReference[] {
  return routesIn(routes).flatMap(({ name, route }) =>
    route === undefined ? [] : [{ route: name, cluster: route.cluster ?? '' }],
  )
}

function filterKeys(routes: RouteConfiguration | undefined): readonly string[] {
  const configs = [routes, ...hostsIn(routes), ...routesIn(routes)].map((each) => each?.typedPerFilterConfig)
  return configs.flatMap((config) => entriesOf(config).map(([key]) => key))
}

function repeated(names: readonly string[], what: string): readonly Fault[] {
  const seen = new Set<string>()
  return names.filter((name) => seen.size === seen.add(name).size).map((name) => fault(name, `is a ${what} twice`))
}

function fault(resource: string | undefined, message: string): Fault {
  return { resource: resource ?? '', message }
}
