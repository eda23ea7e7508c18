import type {
  Cluster,
  ClusterLoadAssignment,
  RouteConfiguration,
  ScopedRouteConfiguration,
  VirtualHost,
} from '@bulkhead/envoy'
import type { Host, TenantId } from '@bulkhead/tenancy'
import { beyondGuaranteeHeader, routesName, serverNameHeader, tenantHeader } from '@bulkhead/tenancy'
import { compareText } from '../../model/compare-text.ts'
import type { TenantModel } from '../../model/model.ts'
import type { FleetSettings } from '../settings.ts'
import { literal, overwrite } from '../values.ts'
import { authentication } from './authentication.ts'
import { backendsOf, clusterOf, endpointsOf } from './clusters.ts'
import { cap, guarantee, serviceLimits } from './limits.ts'
import { routesOf } from './routes.ts'

/** Everything that Envoy knows of one tenant. */
export interface TenantResources {
  readonly id: TenantId
  readonly clusters: readonly Cluster[]
  readonly endpoints: readonly ClusterLoadAssignment[]
  /** Undefined for a tenant without a host: it is off the data plane. */
  readonly routes: RouteConfiguration | undefined
  readonly scopes: readonly ScopedRouteConfiguration[]
}

/** One tenant's resources: the same model gives the same resources, in the same order. */
export function translateTenant(model: TenantModel, settings: FleetSettings): TenantResources {
  const { id } = model
  if (model.hosts.length === 0) return { id, clusters: [], endpoints: [], routes: undefined, scopes: [] }
  // A suspended tenant's routes answer by themselves: it has no backends.
  const backends = model.isSuspended ? [] : backendsOf(model)
  return {
    id,
    clusters: backends.map((backend) => clusterOf(id, backend, settings.backendRootsFile)),
    endpoints: backends.map((backend) => endpointsOf(id, backend)),
    routes: { name: routesName(id), virtualHosts: [virtualHost(model)] },
    scopes: [...model.hosts].sort(compareText).map((host) => scopeOf(host, routesName(id))),
  }
}

/** Leads a host to its routes. The name is the key: Envoy refuses two scopes with one key, and loses one whose key changes. */
export function scopeOf(host: Host, routeConfigurationName: string): ScopedRouteConfiguration {
  return { name: host, key: { fragments: [{ stringKey: host }] }, routeConfigurationName }
}

function virtualHost(model: TenantModel): VirtualHost {
  const guaranteed = guarantee(model)
  return {
    name: '*',
    domains: ['*'],
    routes: routesOf(model),
    rateLimits: serviceLimits(model),
    requestHeadersToAdd: [overwrite(tenantHeader, literal(model.name))],
    // What only Envoy itself needed, and what it adds on its own.
    requestHeadersToRemove: [beyondGuaranteeHeader, serverNameHeader, 'x-envoy-external-address'],
    typedPerFilterConfig: {
      'tenant-auth': authentication(model),
      ...(guaranteed === undefined ? {} : { 'tenant-guarantee': guaranteed }),
      'tenant-cap': cap(model),
    },
  }
}
