// assemble: resources become bytes, in groups that are published, acknowledged and blamed together: one group per
// tenant, one for the fleet, and one for each identity host of the platform. What must hold before publishing is checked here.
import { encode, makeResource, nameInTypeUrl, TYPE_URLS } from '@bulkhead/envoy'
import type { ClusterLoadAssignment, EncodedResource, MessageName, MessageOf, TypeUrl } from '@bulkhead/envoy'
import { groupOf } from '@bulkhead/tenancy'
import { fleetGroup, identityNames } from '../translate/names.ts'
import type { FleetResources, IdentityResources, TenantResources } from '../translate/translate.ts'
import { faultsOfTenant } from './faults.ts'

export type { Fault } from './faults.ts'
export { faultsOfTenant, foreignReferences } from './faults.ts'

/** What is published together. Equal resources make equal groups, byte for byte. */
export interface ResourceGroup {
  /** A tenant's id, `fleet`, or `platform/…`. */
  readonly name: string
  /** In the order in which they can be added: clusters, endpoints, listeners, routes, scopes; then by name. */
  readonly resources: readonly EncodedResource[]
}

/** One tenant's group. Throws when something in it leads nowhere or to somebody else: that is a fault of ours. */
export function assembleTenant(tenant: TenantResources): ResourceGroup {
  const [fault] = faultsOfTenant(tenant)
  if (fault !== undefined) throw new Error(`Cannot publish tenant "${tenant.id}": ${fault.resource}: ${fault.message}`)
  const routes = tenant.routes === undefined ? [] : [tenant.routes]
  return {
    name: groupOf(tenant.id),
    resources: [
      ...encodeAll(TYPE_URLS.cluster, 'envoy.config.cluster.v3.Cluster', tenant.clusters),
      ...encodeAssignments(tenant.endpoints),
      ...encodeAll(TYPE_URLS.routeConfiguration, 'envoy.config.route.v3.RouteConfiguration', routes),
      ...encodeAll(TYPE_URLS.scopedRoute, 'envoy.config.route.v3.ScopedRouteConfiguration', tenant.scopes),
    ],
  }
}

/** The fleet's own group: its listener and who its members are. */
export function assembleFleet(fleet: FleetResources, members: ClusterLoadAssignment): ResourceGroup {
  return {
    name: fleetGroup,
    resources: [
      ...encodeAssignments([members]),
      ...encodeAll(TYPE_URLS.listener, 'envoy.config.listener.v3.Listener', fleet.listeners),
    ],
  }
}

/** The group of one identity shard: the platform's own, beside those of the tenants. */
export function assembleIdentity({ shard, clusters, routes, scopes }: IdentityResources): ResourceGroup {
  return {
    name: identityNames(shard).group,
    resources: [
      ...encodeAll(TYPE_URLS.cluster, 'envoy.config.cluster.v3.Cluster', clusters),
      ...encodeAll(TYPE_URLS.routeConfiguration, 'envoy.config.route.v3.RouteConfiguration', [routes]),
      ...encodeAll(TYPE_URLS.scopedRoute, 'envoy.config.route.v3.ScopedRouteConfiguration', scopes),
    ],
  }
}

function encodeAll<Name extends MessageName>(
  typeUrl: TypeUrl,
  type: Name,
  messages: readonly (MessageOf<Name> & { readonly name?: string | undefined })[],
): readonly EncodedResource[] {
  if (nameInTypeUrl(typeUrl) !== type) throw new TypeError(`"${typeUrl}" is not the type of ${type}`)
  return inOrder(messages.map((message) => makeResource(typeUrl, message.name ?? '', encode(type, message))))
}

function encodeAssignments(assignments: readonly ClusterLoadAssignment[]): readonly EncodedResource[] {
  const type = 'envoy.config.endpoint.v3.ClusterLoadAssignment'
  return inOrder(
    assignments.map((each) => makeResource(TYPE_URLS.endpoints, each.clusterName ?? '', encode(type, each))),
  )
}

function inOrder(resources: readonly EncodedResource[]): readonly EncodedResource[] {
  return [...resources].sort((left, right) => (left.name < right.name ? -1 : left.name > right.name ? 1 : 0))
}
