import type { JsonValue } from '@bulkhead/envoy'

/** Breaks what one rule is about: a value put at a path, or taken out from there. */
export type Break = readonly [rule: string, path: string, value?: JsonValue]

export const wrong = 'WRONG'

/** Switches a filter off where it stands. */
export const off = { '@type': 'type.googleapis.com/envoy.config.route.v3.FilterConfig', disabled: true }
