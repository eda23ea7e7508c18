import type { Break } from './break.ts'

export const clusterBreaks: readonly Break[] = [
  ['D-27/type', 'type', 'ORIGINAL_DST'],
  ['D-27/clusterType', 'clusterType', { name: 'envoy.clusters.dynamic_forward_proxy' }],
  ['D-27/loadAssignment', 'loadAssignment', {}],
  ['D-27/edsClusterConfig.edsConfig.ads', 'edsClusterConfig.edsConfig.ads'],
  ['D-27/circuitBreakers.thresholds.0.maxConnections', 'circuitBreakers.thresholds.0.maxConnections'],
  ['D-27/circuitBreakers.thresholds.0.maxRequests', 'circuitBreakers.thresholds.0.maxRequests'],
  ['D-27/circuitBreakers.thresholds.0.retryBudget', 'circuitBreakers.thresholds.0.retryBudget'],
  ['D-27/tls/sni', 'transportSocket.typedConfig.sni'],
  [
    'D-27/tls/commonTlsContext.validationContext.trustedCa.filename',
    'transportSocket.typedConfig.commonTlsContext.validationContext.trustedCa',
  ],
  [
    'D-27/tls/commonTlsContext.validationContext.matchTypedSubjectAltNames.0',
    'transportSocket.typedConfig.commonTlsContext.validationContext.matchTypedSubjectAltNames',
  ],
  [
    'D-27/tls/commonTlsContext.validationContext.trustChainVerification',
    'transportSocket.typedConfig.commonTlsContext.validationContext.trustChainVerification',
    'ACCEPT_UNTRUSTED',
  ],
]

export const endpointBreaks: readonly Break[] = [
  ['D-27/addresses', 'endpoints.0.lbEndpoints.0.endpoint.address.socketAddress.address', 'metadata.google.internal'],
  ['D-27/addresses', 'endpoints.0.lbEndpoints.0.endpoint.address', { pipe: { path: '/admin.sock' } }],
  ['D-27/names', 'endpoints.0.lbEndpoints.0.endpoint.hostname', 'b.test'],
]

export const scopeBreaks: readonly Break[] = [
  ['scopes/key', 'key.fragments.0.stringKey', 'globex.gw.test'],
  ['scopes/key', 'name', 'ACME.gw.test'],
  ['scopes/target', 'routeConfigurationName', 'everybody'],
  ['scopes/onDemand', 'onDemand', true],
  ['scopes/routeConfiguration', 'routeConfiguration', {}],
]
