import { wrong } from './break.ts'
import type { Break } from './break.ts'

const vhost = 'virtualHosts.0'
const auth = `${vhost}.typedPerFilterConfig.tenant-auth.filterChain.filters`
const jwt = `${auth}.0.typedConfig`
export const realm = `${jwt}.providers.realm`
// Routes in matching order: misdirected, down, open, orders at /, not found.
export const at = {
  misdirected: `${vhost}.routes.0`,
  down: `${vhost}.routes.1`,
  open: `${vhost}.routes.2`,
  orders: `${vhost}.routes.3`,
  last: `${vhost}.routes.4`,
}
const context = 'typedPerFilterConfig.ext-authz.checkSettings.contextExtensions'

// A second realm that is in order by itself.
const provider = {
  issuer: 'https://id.test',
  audiences: ['a'],
  requireExpiration: true,
  maxLifetime: '60s',
  payloadInMetadata: 'payload',
  fromHeaders: [{ name: 'authorization', valuePrefix: 'Bearer ' }],
  localJwks: { inlineString: '{}' },
}

export const routeBreaks: readonly Break[] = [
  ['D-01/rules.0.match.prefix', `${jwt}.rules.0.match.prefix`, '/api'],
  ['D-01/rules.0.requires.providerName', `${jwt}.rules.0.requires`],
  ['D-01/rules.1', `${jwt}.rules.1`, {}],
  ['D-01/filterStateRules', `${jwt}.filterStateRules`, {}],
  ['D-01/bypassCorsPreflight', `${jwt}.bypassCorsPreflight`, true],
  ['D-01/stripFailureResponse', `${jwt}.stripFailureResponse`],
  ['D-01/issuer', `${realm}.issuer`],
  ['D-01/audiences.0', `${realm}.audiences`],
  ['D-01/audiences.1', `${realm}.audiences.1`, 'account'],
  ['D-01/requireExpiration', `${realm}.requireExpiration`],
  ['D-01/maxLifetime', `${realm}.maxLifetime`],
  ['D-01/payloadInMetadata', `${realm}.payloadInMetadata`],
  ['D-04/fromHeaders', `${realm}.fromHeaders`],
  ['D-04/fromParams', `${realm}.fromParams`, ['access_token']],
  ['D-04/fromCookies', `${realm}.fromCookies`, ['token']],
  ['D-05/localJwks.inlineString', `${realm}.localJwks`],
  ['D-05/remoteJwks', `${realm}.remoteJwks`, {}],
  ['D-05/jwtCacheConfig', `${realm}.jwtCacheConfig`, {}],
  ['D-07/claimToHeaders', `${realm}.claimToHeaders`, [{}]],
  ['D-07/forwardPayloadHeader', `${realm}.forwardPayloadHeader`, 'x-payload'],
  ['D-01/one-provider', `${jwt}.providers.second`, provider],
  ['D-03/allow-missing', `${jwt}.rules.0.requires.allowMissing`, {}],
  ['D-03/allow-missing', `${jwt}.rules.0.requires.requiresAny`, {}],
  ['slots/tenant-auth', `${auth}.0.name`, 'other'],
  ['slots/tenant-auth', `${auth}.1`, {}],
  ['D-10/one-host', `${vhost}.domains`, ['*.gw.test']],
  ['D-10/catch-all', `${at.last}.match.prefix`, '/x/'],
  ['D-10/catch-all', `${at.last}.directResponse.status`, 200],
  ['S-026/misdirected', `${at.misdirected}.match.headers`, []],
  ['S-026/misdirected', `${at.misdirected}.match.headers.0.invertMatch`],
  ['S-026/misdirected', `${at.misdirected}.directResponse.status`, 404],
  ['S-026/misdirected', `${at.misdirected}.typedPerFilterConfig.ratelimit`],
  ['S-026/misdirected', `${at.misdirected}.metadata`, {}],
  ['slots/public', `${at.open}.typedPerFilterConfig.tenant-auth`],
  ['D-08/context', `${at.orders}.${context}.tool`],
  ['D-08/context', `${at.orders}.${context}.tenant`, 'bbbbbbbbbbbbb'],
  ['D-08/context', `${at.orders}.${context}.access`, wrong],
  ['D-08/service-override', `${at.orders}.typedPerFilterConfig.ext-authz.checkSettings.grpcService`, {}],
  ['S-079/reroute', `${at.orders}.route.clusterHeader`, 'x-cluster'],
  ['S-079/reroute', `${at.orders}.route.hostRewriteHeader`, 'x-host'],
  ['S-079/reroute', `${at.orders}.route.internalRedirectPolicy`, {}],
  ['S-079/reroute', `${at.down}.redirect`, {}],
  ['S-076/segments', `${at.orders}.match.prefix`, '/api'],
  ['D-26/slots', `${at.orders}.typedPerFilterConfig.tenant-ext`, { '@type': 'x.Lua' }],
  ['D-07/tenant-header', `${vhost}.requestHeadersToAdd.0.header.value`, '%REQ(x-tenant)%'],
  ['D-07/tenant-header', `${vhost}.requestHeadersToAdd.0.appendAction`],
  ['headers/inner', `${vhost}.requestHeadersToRemove.0`],
  ['headers/credentials', `${at.orders}.requestHeadersToRemove`],
  ['D-09/tenant-cap/tokenBucket.maxTokens', `${vhost}.typedPerFilterConfig.tenant-cap.tokenBucket`],
  ['D-09/tenant-cap/filterEnabled.defaultValue.numerator', `${vhost}.typedPerFilterConfig.tenant-cap.filterEnabled`],
  ['D-09/tenant-cap/filterEnforced.defaultValue.numerator', `${vhost}.typedPerFilterConfig.tenant-cap.filterEnforced`],
  ['D-09/tenant-cap/localClusterRateLimit', `${vhost}.typedPerFilterConfig.tenant-cap.localClusterRateLimit`],
  ['D-09/tenant-cap/stage', `${vhost}.typedPerFilterConfig.tenant-cap.stage`],
  ['D-09/descriptors', `${vhost}.rateLimits.1.actions.1.metadata.defaultValue`],
  ['D-09/descriptors', `${vhost}.rateLimits.1.actions.0`, { requestHeaders: { headerName: 'x', descriptorKey: 'x' } }],
  ['D-09/tenant-limit', `${vhost}.rateLimits.0.actions.0.genericKey.descriptorValue`, 'bbbbbbbbbbbbb'],
  ['D-09/pool', `${vhost}.rateLimits.6`],
  ['D-01/isolation', `${at.orders}.route.cluster`, 'bbbbbbbbbbbbb/cluster/1'],
  ['D-01/isolation', `${realm}.audiences.0`, 'urn:bulkhead:tenant:bbbbbbbbbbbbb'],
  ['D-01/isolation', `${realm}.issuer`, 'https://id.test/realms/globex-bbbbbbbbbbbbb'],
]
