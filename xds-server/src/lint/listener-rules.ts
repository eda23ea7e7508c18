import type { JsonObject } from '@bulkhead/envoy'
import { reservedHeaders, serverNameHeader } from '@bulkhead/tenancy'
import {
  filterNames,
  isUnknownHostScript,
  jwtNamespace,
  platformClusters,
  rateLimitDomain,
  tenantJwt,
} from './contract.ts'
import type { FilterName } from './contract.ts'
import { at, isOfType, listAt, textAt } from './json.ts'
import type { Json } from './json.ts'
import { is, isAbsent, isAtLeast, isDefault, isEqualTo, isNumber, isOff, isSet, optionRules, rule } from './rule.ts'
import type { Rule } from './rule.ts'

function chains(listener: JsonObject): readonly Json[] {
  return listAt(listener, 'filterChains')
}

function managers(listener: JsonObject): readonly Json[] {
  return chains(listener)
    .flatMap((chain) => listAt(chain, 'filters'))
    .map((filter) =>
      typeof filter === 'object' && filter !== null && 'typedConfig' in filter ? filter.typedConfig : undefined,
    )
    .filter((config) => isOfType(config, 'HttpConnectionManager'))
}

/** The filter of each connection manager; undefined where there is none, so that its options are found missing. */
function filters(name: FilterName): (listener: JsonObject) => readonly Json[] {
  return (listener) =>
    managers(listener).map((manager) => {
      const entry = listAt(manager, 'httpFilters').find((each) => textAt(each, 'name') === name)
      return typeof entry === 'object' && entry !== null && 'typedConfig' in entry ? entry.typedConfig : undefined
    })
}

const everyManager =
  (holds: (manager: Json) => boolean) =>
  (listener: JsonObject): boolean =>
    managers(listener).every(holds)

const mandatory = optionRules('D-13', managers, {
  normalizePath: is(true),
  mergeSlashes: is(true),
  pathWithEscapedSlashesAction: is('REJECT_REQUEST'),
  'commonHttpProtocolOptions.headersWithUnderscoresAction': is('REJECT_REQUEST'),
  stripAnyHostPort: is(true),
  stripTrailingHostDot: is(true),
  useRemoteAddress: is(true),
  // An empty list means Envoy's own list of private ranges; this address is nobody's.
  internalAddressConfig: isEqualTo({ cidrRanges: [{ addressPrefix: '0.0.0.0', prefixLen: 32 }] }),
  forwardClientCertDetails: isDefault('SANITIZE'),
  'httpProtocolOptions.allowChunkedLength': isOff,
  'httpProtocolOptions.acceptHttp10': isOff,
  'http2ProtocolOptions.allowConnect': isOff,
  upgradeConfigs: isAbsent,
  streamErrorOnInvalidHttpMessage: isOff,
  preserveExternalRequestId: isOff,
  requestHeadersTimeout: isSet,
  streamIdleTimeout: isSet,
  'commonHttpProtocolOptions.maxConnectionDuration': isSet,
  'commonHttpProtocolOptions.maxHeadersCount': isSet,
  'commonHttpProtocolOptions.maxRequestsPerConnection': isSet,
  maxRequestHeadersKb: isSet,
  'http2ProtocolOptions.maxConcurrentStreams': isSet,
  'http2ProtocolOptions.maxOutboundFrames': isSet,
  'http2ProtocolOptions.maxOutboundControlFrames': isSet,
  'http2ProtocolOptions.maxConsecutiveInboundFramesWithEmptyPayload': isSet,
})

const policy = optionRules('D-08', filters('ext-authz'), {
  failureModeAllow: isOff,
  'statusOnError.code': is('ServiceUnavailable'),
  filterEnabled: isAbsent,
  filterEnabledMetadata: isAbsent,
  shadowMode: isOff,
  'denyAtDisable.defaultValue': is(true),
  validateMutations: is(true),
  encodeRawHeaders: is(true),
  clearRouteCache: isOff,
  includeTlsSession: is(true),
  'grpcService.timeout': isSet,
  'grpcService.envoyGrpc.clusterName': is(platformClusters.policy),
  'decoderHeaderMutationRules.disallowAll': is(true),
  metadataContextNamespaces: isEqualTo([jwtNamespace]),
})

const asked = {
  domain: is(rateLimitDomain),
  'rateLimitService.grpcService.envoyGrpc.clusterName': is(platformClusters.rateLimit),
}

const service = [
  ...optionRules('D-09/ratelimit', filters('ratelimit'), {
    ...asked,
    failureModeDeny: isOff,
    stage: isAbsent,
    timeout: isSet,
    filterEnforced: isAbsent,
  }),
  ...optionRules('D-09/ratelimit-pool', filters('ratelimit-pool'), {
    ...asked,
    failureModeDeny: is(true),
    'statusOnError.code': is('TooManyRequests'),
    stage: is(1),
    filterEnforced: isAbsent,
  }),
  ...optionRules('D-28/fleet-limit', filters('fleet-limit'), {
    'filterEnabled.defaultValue.numerator': is(100),
    'filterEnforced.defaultValue.numerator': is(100),
    localClusterRateLimit: isSet,
  }),
  ...optionRules('D-28/preauth-limit', filters('preauth-limit'), {
    'filterEnabled.defaultValue.numerator': is(100),
    'filterEnforced.defaultValue.numerator': is(100),
    // At the default of 20 the 21st address evicts a bucket.
    maxDynamicDescriptors: isAtLeast(10_000),
    alwaysConsumeDefaultTokenBucket: is(false),
    'rateLimits.0.actions.0.remoteAddress': isSet,
  }),
]

const slots = [
  ...optionRules('slots/tenant-auth', filters('tenant-auth'), {
    'defaultFilterChain.filters.0.name': is(tenantJwt),
    'defaultFilterChain.filters.0.typedConfig.defaultSourceCode.inlineString': {
      says: 'must be our answer to unknown hosts',
      holds: (value) => typeof value === 'string' && isUnknownHostScript(value),
    },
    'defaultFilterChain.filters.1': isAbsent,
  }),
  ...optionRules('slots/tenant-ext', filters('tenant-ext'), { defaultFilterChain: isAbsent }),
  ...optionRules('headers/router', filters('router'), { suppressEnvoyHeaders: is(true) }),
]

const scopes = optionRules('scopes', managers, {
  'scopedRoutes.scopeKeyBuilder.fragments': isEqualTo([{ headerValueExtractor: { name: ':authority', index: 0 } }]),
  'scopedRoutes.scopedRds.scopedRdsConfigSource.initialFetchTimeout': is('0s'),
  'scopedRoutes.scopedRds.scopedRdsConfigSource.ads': isSet,
  'scopedRoutes.rdsConfigSource.ads': isSet,
  rds: isAbsent,
  routeConfig: isAbsent,
})

const certificates = optionRules('certificates', chains, {
  'transportSocket.typedConfig.disableStatelessSessionResumption': is(true),
  'transportSocket.typedConfig.disableStatefulSessionResumption': is(true),
  'transportSocket.typedConfig.commonTlsContext.customTlsCertificateSelector.typedConfig.configSource.ads': isAbsent,
  'transportSocket.typedConfig.commonTlsContext.customTlsCertificateSelector.typedConfig.configSource.apiConfigSource.apiType':
    is('DELTA_GRPC'),
  'transportSocket.typedConfig.commonTlsContext.tlsCertificates': isAbsent,
  filterChainMatch: isAbsent,
})

function earlyMutations(manager: Json): readonly Json[] {
  return listAt(manager, 'earlyHeaderMutationExtensions.0.typedConfig.mutations')
}

function removesReserved(manager: Json): boolean {
  const removed = new Set(earlyMutations(manager).map((each) => textAt(each, 'remove')))
  return reservedHeaders.every((header) => removed.has(header))
}

const frame: readonly Rule[] = [
  rule('listener/manager', 'there must be a connection manager', (listener) => managers(listener).length > 0),
  rule(
    'D-28/filter-order',
    `the filters must be ${filterNames.join(', ')}`,
    everyManager((manager) => {
      const names = listAt(manager, 'httpFilters').map((each) => textAt(each, 'name'))
      return names.join() === filterNames.join()
    }),
  ),
  rule(
    'slots/enabled',
    'no filter may be off, optional or found elsewhere; only mcp waits for a route to switch it on',
    everyManager((manager) =>
      listAt(manager, 'httpFilters').every(
        (each) =>
          (at(each, 'disabled') !== true || textAt(each, 'name') === 'mcp') &&
          at(each, 'isOptional') !== true &&
          at(each, 'configDiscovery') === undefined,
      ),
    ),
  ),
  // The first request of a tenant that is loaded on demand would skip its JWT filter.
  rule(
    'slots/on-demand',
    'no filter may load routes on demand',
    everyManager((manager) =>
      listAt(manager, 'httpFilters').every((each) => !textAt(each, 'typedConfig.@type').includes('.on_demand.')),
    ),
  ),
  rule('D-06/reserved-headers', 'every reserved header must be removed first', everyManager(removesReserved)),
  rule(
    'D-06/reserved-prefix',
    'every header that begins like ours must be removed first',
    everyManager((manager) =>
      earlyMutations(manager).some((each) => textAt(each, 'removeOnMatch.keyMatcher.prefix') === 'x-bulkhead-'),
    ),
  ),
  rule(
    'S-026/server-name',
    `the last early mutation must overwrite ${serverNameHeader} with the server name`,
    everyManager((manager) => {
      const append = earlyMutations(manager).at(-1)
      return (
        textAt(append, 'append.header.key') === serverNameHeader &&
        textAt(append, 'append.header.value') === '%REQUESTED_SERVER_NAME%' &&
        textAt(append, 'append.appendAction') === 'OVERWRITE_IF_EXISTS_OR_ADD'
      )
    }),
  ),
  rule('S-026/tls-inspector', 'the server name must be read', (listener) =>
    listAt(listener, 'listenerFilters').some((each) => textAt(each, 'typedConfig.@type').endsWith('.TlsInspector')),
  ),
  rule(
    'logs/tenant',
    "each line of the access log must name the route's tenant",
    everyManager((manager) => {
      const logs = listAt(manager, 'accessLog')
      const format = 'typedConfig.logFormat.jsonFormat.tenant_id'
      return logs.length > 0 && logs.every((log) => textAt(log, format) === '%METADATA(ROUTE:bulkhead:tenant_id)%')
    }),
  ),
]

/** What must hold for the listener of a fleet that has so many proxies before it. */
export function listenerRules(trustedHops: number): readonly Rule[] {
  const hops = optionRules('D-13', managers, { xffNumTrustedHops: isNumber(trustedHops) })
  return [...frame, ...mandatory, ...hops, ...policy, ...service, ...slots, ...scopes, ...certificates]
}
