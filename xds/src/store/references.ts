// What resources say about each other, read once per content.
import { decode, TYPE_URLS } from '@bulkhead/envoy'
import type { EncodedResource } from '@bulkhead/envoy'

const routeConfigurations = new WeakMap<EncodedResource, string>()

/** The RouteConfiguration that a scope leads to. */
export function routeConfigurationOf(scope: EncodedResource): string {
  const known = routeConfigurations.get(scope)
  if (known !== undefined) return known
  const name = decode('envoy.config.route.v3.ScopedRouteConfiguration', scope.bytes).routeConfigurationName ?? ''
  routeConfigurations.set(scope, name)
  return name
}

/** The type and name of a resource as one key. */
export function keyOf({ typeUrl, name }: Pick<EncodedResource, 'typeUrl' | 'name'>): string {
  return `${typeUrl}\n${name}`
}

/** A type whose bad resource takes the whole group back to its last good state; the others stand alone. */
export function isRouting(typeUrl: string): boolean {
  return typeUrl !== TYPE_URLS.endpoints && typeUrl !== TYPE_URLS.secret
}
