// What the protocol demands of each resource type: whether `*` means anything, and how its responses are cut.
import { TYPE_URLS } from '@bulkhead/envoy'
import type { TypeUrl } from '@bulkhead/envoy'

/** How one type is subscribed to and answered. */
export interface TypePolicy {
  readonly typeUrl: TypeUrl
  /**
   * Whether an empty or `*` subscription means all; for the others it means nothing. These are the types whose
   * state-of-the-world responses are complete: what is not in one is gone.
   */
  readonly hasWildcard: boolean
  /** The most resources in one response. */
  readonly maxResources: number
  /**
   * Whether the very first response may hold several groups. An Envoy thinks that it has all scopes after the first
   * response, so a fresh one would open its listener with a single group's.
   */
  readonly sharesFirstResponse: boolean
  /** Whether a name that does not exist is kept, to be sent as soon as it does. */
  readonly remembersUnknown: boolean
}

const ordinary = { hasWildcard: false, maxResources: 1000, sharesFirstResponse: false, remembersUnknown: true }

/** The types of an aggregated stream, in sending order: what is referred to comes before what refers to it. */
export const AGGREGATED_TYPES: readonly TypePolicy[] = [
  { ...ordinary, typeUrl: TYPE_URLS.cluster, hasWildcard: true },
  { ...ordinary, typeUrl: TYPE_URLS.endpoints },
  { ...ordinary, typeUrl: TYPE_URLS.secret },
  { ...ordinary, typeUrl: TYPE_URLS.listener, hasWildcard: true },
  { ...ordinary, typeUrl: TYPE_URLS.scopedRoute, hasWildcard: true, sharesFirstResponse: true },
  // One RouteConfiguration per response: in a shared one Envoy drops good edits together with a bad one.
  { ...ordinary, typeUrl: TYPE_URLS.routeConfiguration, maxResources: 1 },
]

/** The one type of a stream that is not aggregated. */
export function ownTypePolicy(typeUrl: TypeUrl): readonly TypePolicy[] {
  return AGGREGATED_TYPES.filter((policy) => policy.typeUrl === typeUrl)
}

/** Certificates asked for by the SNI of whoever connects, so that unknown names must cost nothing. */
export const ON_DEMAND_SECRETS: readonly TypePolicy[] = [
  { ...ordinary, typeUrl: TYPE_URLS.secret, maxResources: 1, remembersUnknown: false },
]
