// What the rules of a route ask of a RouteConfiguration.
import type { JsonObject } from '@bulkhead/envoy'
import { at, entriesAt, isObject, isOfType, listAt, textAt } from '../json.ts'
import type { Json } from '../json.ts'

export const vhosts = (routes: JsonObject): readonly Json[] => listAt(routes, 'virtualHosts')

export const routesIn = (routes: JsonObject): readonly Json[] =>
  vhosts(routes).flatMap((host) => listAt(host, 'routes'))

/** What a virtual host or a route fills a filter's slot with. */
export const slot = (owner: Json, name: string): Json => at(owner, `typedPerFilterConfig.${name}`)

export const isOn = (owner: Json, name: string): boolean => at(slot(owner, name), 'disabled') !== true

export const forwards = (route: Json): boolean => isObject(at(route, 'route'))

/** The filters that a route switches off, sorted, as one text. */
export const offText = (route: Json): string =>
  entriesAt(route, 'typedPerFilterConfig')
    .flatMap(([name, config]) => (at(config, 'disabled') === true ? [name] : []))
    .sort()
    .join()

/** The id of the tenant whose routes these are. */
export const ownerOf = (routes: JsonObject): string => textAt(routes, 'name').split('/')[0] ?? ''

/** The filters of the tenant's own authentication. */
export function chain(routes: JsonObject): readonly Json[] {
  return listAt(slot(vhosts(routes)[0], 'tenant-auth'), 'filterChain.filters')
}

export const jwts = (routes: JsonObject): readonly Json[] =>
  chain(routes)
    .map((filter) => at(filter, 'typedConfig'))
    .filter((config) => isOfType(config, 'JwtAuthentication'))

export const providers = (routes: JsonObject): readonly Json[] =>
  jwts(routes).flatMap((config) => entriesAt(config, 'providers').map(([, provider]) => provider))

/** A question that is asked of every route. */
export const everyRoute =
  (holds: (route: Json, routes: JsonObject) => boolean) =>
  (routes: JsonObject): boolean =>
    routesIn(routes).every((route) => holds(route, routes))
