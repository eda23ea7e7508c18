import { identityEndpoints } from '../../translate/identity/endpoints.ts'
import { off } from './break.ts'
import type { Break } from './break.ts'

const vhost = 'virtualHosts.0'
const limit = `${vhost}.typedPerFilterConfig.tenant-cap`
// Routes in their order: misdirected, discovery, and on.
const misdirected = `${vhost}.routes.0`
const discovery = `${vhost}.routes.1`
const last = `${vhost}.routes.${identityEndpoints.length + 1}`
const template = 'match.pathMatchPolicy.typedConfig.pathTemplate'

export const identityRouteBreaks: readonly Break[] = [
  ['identity/one-host', `${vhost}.domains`, ['id.gw.test']],
  ['identity/misdirected', `${misdirected}.match.headers`, []],
  ['identity/misdirected', `${misdirected}.match.headers.0.invertMatch`],
  ['identity/misdirected', `${misdirected}.directResponse.status`, 404],
  ['identity/catch-all', `${last}.match.prefix`, '/x/'],
  ['identity/catch-all', `${last}.directResponse.status`, 200],
  ['identity/closed-list', `${discovery}.${template}`, '/admin/**'],
  ['identity/closed-list', `${discovery}.${template}`, '/realms/*/**'],
  ['identity/closed-list', `${discovery}.${template}`, '/realms/*/clients-registrations/**'],
  ['identity/closed-list', `${discovery}.${template}`, '/realms/*/broker/*/token'],
  ['identity/closed-list', `${discovery}.${template}`, '/resources/*/admin/**'],
  ['identity/closed-list', `${discovery}.match.prefix`, '/'],
  ['identity/closed-list', `${discovery}.match.headers.0.stringMatch.safeRegex.regex`, '/realms/.*'],
  ['identity/closed-list', `${discovery}.match.headers.0.invertMatch`, true],
  ['identity/cluster', `${discovery}.route.cluster`, 'platform/identity/other/cluster'],
  ['identity/cluster', `${discovery}.route.prefixRewrite`, '/admin'],
  ['identity/cluster', `${discovery}.redirect`, {}],
  ['identity/answers', `${misdirected}.typedPerFilterConfig.tenant-cap`],
  ['identity/forwards', `${discovery}.typedPerFilterConfig.tenant-cap`, off],
  ['identity/slots', `${vhost}.typedPerFilterConfig.tenant-auth`],
  ['identity/slots', `${vhost}.typedPerFilterConfig.fleet-limit`, off],
  ['identity/slots', `${vhost}.typedPerFilterConfig.tenant-ext`, { '@type': 'x.FilterChainConfigPerRoute' }],
  ['identity/forwarded-for', `${vhost}.requestHeadersToAdd.0.header.value`, '%REQ(x-forwarded-for)%'],
  ['identity/forwarded-for', `${vhost}.requestHeadersToAdd.1`],
  ['identity/inner', `${vhost}.requestHeadersToRemove`],
  ['identity/limit/tokenBucket.maxTokens', `${limit}.tokenBucket`],
  ['identity/limit/filterEnabled.defaultValue.numerator', `${limit}.filterEnabled`],
  ['identity/limit/filterEnforced.defaultValue.numerator', `${limit}.filterEnforced`],
  ['identity/limit/localClusterRateLimit', `${limit}.localClusterRateLimit`],
  ['identity/limit/stage', `${limit}.stage`],
  ['identity/limit/alwaysConsumeDefaultTokenBucket', `${limit}.alwaysConsumeDefaultTokenBucket`],
  ['identity/realm-limits', `${limit}.descriptors.1`],
  ['identity/realm-limits', `${limit}.descriptors.1.entries.0.value`],
  ['identity/realm-limits', `${limit}.rateLimits.1.actions.0.headerValueMatch.headers.0.stringMatch.prefix`, '/'],
  ['identity/realm-limits', `${limit}.rateLimits.1.actions.0`, { requestHeaders: { headerName: ':path' } }],
  ['identity/no-tenant', `${discovery}.name`, 'bbbbbbbbbbbbb/route'],
]

const tls = 'transportSocket.typedConfig'
const validation = `${tls}.commonTlsContext.validationContext`

export const identityClusterBreaks: readonly Break[] = [
  ['identity/cluster/type', 'type', 'ORIGINAL_DST'],
  ['identity/cluster/clusterType', 'clusterType', { name: 'envoy.clusters.dynamic_forward_proxy' }],
  ['identity/cluster/edsClusterConfig', 'edsClusterConfig', {}],
  ['identity/cluster/loadAssignment.endpoints.0.lbEndpoints.0', 'loadAssignment.endpoints'],
  ['identity/cluster/loadAssignment.endpoints.1', 'loadAssignment.endpoints.1', {}],
  ['identity/cluster/circuitBreakers.thresholds.0.maxConnections', 'circuitBreakers.thresholds.0.maxConnections'],
  ['identity/cluster/circuitBreakers.thresholds.0.maxRequests', 'circuitBreakers.thresholds.0.maxRequests'],
  ['identity/cluster/circuitBreakers.thresholds.0.retryBudget', 'circuitBreakers.thresholds.0.retryBudget'],
  ...[...['splitExternalLocalOriginErrors', 'enforcingConsecutive5xx', 'enforcingConsecutiveGatewayFailure']].map(
    (option): Break => [`identity/cluster/outlierDetection.${option}`, `outlierDetection.${option}`],
  ),
  ['identity/tls/sni', `${tls}.sni`],
  ['identity/tls/commonTlsContext.validationContext.trustedCa.filename', `${validation}.trustedCa`],
  [
    'identity/tls/commonTlsContext.validationContext.matchTypedSubjectAltNames.0',
    `${validation}.matchTypedSubjectAltNames`,
  ],
  [
    'identity/tls/commonTlsContext.validationContext.trustChainVerification',
    `${validation}.trustChainVerification`,
    'ACCEPT_UNTRUSTED',
  ],
]
