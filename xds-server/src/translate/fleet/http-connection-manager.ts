import type { HttpConnectionManager, MutationRulesHeaderMutation } from '@bulkhead/envoy'
import { reservedHeaders, serverNameHeader } from '@bulkhead/tenancy'
import { listenerName } from '../names.ts'
import type { FleetSettings } from '../settings.ts'
import { extension, overAds, overAdsWithoutTimeout, overwrite } from '../values.ts'
import { accessLog } from './access-log.ts'
import { httpFilters } from './filters.ts'

/** How every request is read and cleaned before a filter or a route sees it, and how its tenant is found. */
export function httpConnectionManager(settings: FleetSettings): HttpConnectionManager {
  return {
    statPrefix: listenerName,
    codecType: 'AUTO',
    scopedRoutes: {
      name: listenerName,
      scopeKeyBuilder: { fragments: [{ headerValueExtractor: { name: ':authority', index: 0 } }] },
      rdsConfigSource: overAds,
      // Without its scopes an Envoy knows no tenant: it waits for them rather than serve an empty configuration.
      scopedRds: { scopedRdsConfigSource: overAdsWithoutTimeout },
    },
    earlyHeaderMutationExtensions: [
      extension('early', 'envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation', {
        mutations: earlyMutations,
      }),
    ],
    httpFilters: httpFilters(settings),
    accessLog,
    ...whoIsCalling(settings),
    ...howPathsAreRead,
    ...howLongAndHowMuch,
    ...whatIsSpoken,
  }
}

const earlyMutations: readonly MutationRulesHeaderMutation[] = [
  { removeOnMatch: { keyMatcher: { prefix: 'x-bulkhead-', ignoreCase: true } } },
  ...reservedHeaders.map((remove) => ({ remove })),
  { append: overwrite(serverNameHeader, '%REQUESTED_SERVER_NAME%') },
]

function whoIsCalling(settings: FleetSettings): Partial<HttpConnectionManager> {
  return {
    useRemoteAddress: true,
    xffNumTrustedHops: settings.trustedHops,
    // Nobody is internal: else private addresses could set x-envoy-* headers. An empty list would mean Envoy's own
    // list of private and loopback ranges, so it holds one address that nobody ever calls from.
    internalAddressConfig: { cidrRanges: [{ addressPrefix: '0.0.0.0', prefixLen: 32 }] },
    forwardClientCertDetails: 'SANITIZE',
    generateRequestId: true,
    preserveExternalRequestId: false,
    stripAnyHostPort: true,
    stripTrailingHostDot: true,
    serverName: 'bulkhead',
  }
}

const howPathsAreRead: Partial<HttpConnectionManager> = {
  normalizePath: true,
  mergeSlashes: true,
  pathWithEscapedSlashesAction: 'REJECT_REQUEST',
}

const howLongAndHowMuch: Partial<HttpConnectionManager> = {
  requestHeadersTimeout: '10s',
  streamIdleTimeout: '300s',
  maxRequestHeadersKb: 32,
  commonHttpProtocolOptions: {
    idleTimeout: '300s',
    maxConnectionDuration: '3600s',
    maxHeadersCount: 100,
    headersWithUnderscoresAction: 'REJECT_REQUEST',
    maxRequestsPerConnection: 100_000,
  },
}

const whatIsSpoken: Partial<HttpConnectionManager> = {
  streamErrorOnInvalidHttpMessage: false,
  httpProtocolOptions: { allowChunkedLength: false, acceptHttp10: false },
  http2ProtocolOptions: {
    maxConcurrentStreams: 100,
    initialStreamWindowSize: 65_536,
    initialConnectionWindowSize: 1_048_576,
    allowConnect: false,
    maxOutboundFrames: 10_000,
    maxOutboundControlFrames: 1000,
    maxConsecutiveInboundFramesWithEmptyPayload: 1,
    maxInboundPriorityFramesPerStream: 100,
    maxInboundWindowUpdateFramesPerDataFrameSent: 10,
  },
}
