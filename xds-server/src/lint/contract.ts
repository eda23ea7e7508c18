// What the rules expect, said a second time and on purpose: a rule that read it from the translation would agree with
// every mistake there.
import { createHash } from 'node:crypto'

export const filterNames = [
  'preauth-limit',
  'cors',
  'tenant-auth',
  'tenant-guarantee',
  'tenant-cap',
  'fleet-limit',
  'mcp',
  'ext-authz',
  'ratelimit',
  'ratelimit-pool',
  'header-mutation',
  'tenant-ext',
  'router',
] as const

export type FilterName = (typeof filterNames)[number]

export const tenantJwt = 'tenant-jwt'

/** The only slots that a tenant fills for all its routes, and with what. */
export const hostSlots: Readonly<Record<string, string>> = {
  'tenant-auth': 'FilterChainConfigPerRoute',
  'tenant-guarantee': 'LocalRateLimit',
  'tenant-cap': 'LocalRateLimit',
}

/** What is off where nobody of the tenant is asked. */
export const guards: readonly FilterName[] = [
  'tenant-auth',
  'tenant-guarantee',
  'tenant-cap',
  'fleet-limit',
  'ext-authz',
  'ratelimit',
  'ratelimit-pool',
]

export const rateLimitDomain = 'bulkhead'

export const platformClusters = { xds: 'xds', policy: 'opa', rateLimit: 'ratelimit', members: 'fleet' } as const

/** Where Envoy's JWT filter puts the payload, whatever name it goes by in a chain. */
export const jwtNamespace = 'envoy.filters.http.jwt_authn'

// The only two scripts that may run, by their digest: whoever changes one, signs here.
const answersUnknownHost = '4d1aee9866642bc17563fb9384b1a1a15c4610e91c5fefe7522c762fe0d246ab'
const answersUnavailable = 'd9544fe9fe8a0bd732c8af825b95a9de2457ecb44d93f8192b0ef9796afa7919'

/** Whether a script is the one that answers requests to unknown hosts. */
export function isUnknownHostScript(source: string): boolean {
  return digest(source) === answersUnknownHost
}

/** Whether a script is the one that refuses everything until a tenant's keys are known. */
export function isUnavailableScript(source: string): boolean {
  return digest(source) === answersUnavailable
}

function digest(source: string): string {
  return createHash('sha256').update(source).digest('hex')
}
