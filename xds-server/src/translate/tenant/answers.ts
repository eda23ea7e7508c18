import type { EnvoyAny, Route, RouteMatch } from '@bulkhead/envoy'
import type { Host } from '@bulkhead/tenancy'
import { serverNameHeader } from '@bulkhead/tenancy'
import { compareText } from '../../model/compare-text.ts'
import type { TenantModel } from '../../model/model.ts'
import { routeMetadata } from '../names.ts'
import { off, overwrite } from '../values.ts'

type Slots = Readonly<Record<string, EnvoyAny>>

/** Who answers is not asked who it is: nothing of the tenant may count, log or decide a request that is not its own. */
export const withoutGuards: Slots = {
  'tenant-auth': off,
  'tenant-guarantee': off,
  'tenant-cap': off,
  'fleet-limit': off,
  'ext-authz': off,
  ratelimit: off,
  'ratelimit-pool': off,
}

/** The caller is still verified and still capped; Envoy asks the rate limit service nothing on a route that answers itself. */
export const authenticatedOnly: Slots = { 'ext-authz': off }

/** The same for a path that anybody may call. */
export const cappedOnly: Slots = { ...authenticatedOnly, 'tenant-auth': off }

/** An answer of ours. */
export function answer(name: string, match: RouteMatch, status: number, error: string): Route {
  return {
    name,
    match,
    directResponse: { status, body: { inlineString: JSON.stringify({ error }) } },
    responseHeadersToAdd: [overwrite('content-type', 'application/json')],
  }
}

/** What the access log says of a route. */
export function labelled(model: TenantModel, more: Readonly<Record<string, string>> = {}): Route['metadata'] {
  return { filterMetadata: { [routeMetadata]: { tenant_id: model.name, ...more } } }
}

/**
 * The first route: a connection that was opened for another tenant's name gets 421. It carries no label, so that
 * this tenant's log stays free of what was meant for another.
 */
export function misdirected(model: TenantModel): Route {
  return misdirectedFrom(model.id, [...model.hosts].sort(compareText))
}

/** The same for any hosts; the route is named after their owner. */
export function misdirectedFrom(owner: string, hosts: readonly Host[]): Route {
  const headers = hosts.map((host) => ({
    name: serverNameHeader,
    stringMatch: { exact: host },
    invertMatch: true,
    treatMissingHeaderAsEmpty: true,
  }))
  return {
    ...answer(`${owner}/misdirected`, { prefix: '/', headers }, 421, 'misdirected'),
    typedPerFilterConfig: withoutGuards,
  }
}

/** The only other route of a suspended tenant. */
export function suspended(model: TenantModel): Route {
  return {
    ...answer(`${model.id}/suspended`, { prefix: '/' }, 403, 'suspended'),
    metadata: labelled(model),
    typedPerFilterConfig: withoutGuards,
  }
}

/** The last route: what nothing else matched. */
export function notFound(model: TenantModel): Route {
  return {
    ...answer(`${model.id}/not-found`, { prefix: '/' }, 404, 'not_found'),
    metadata: labelled(model),
    typedPerFilterConfig: authenticatedOnly,
  }
}
