/** The header that names the tenant to a backend; set by us from static configuration. */
export const tenantHeader = 'x-bulkhead-tenant'
/** The header that names the subscription to a backend; set by us from the policy's answer. */
export const subscriptionHeader = 'x-bulkhead-subscription'
/** The header that marks a request beyond its tenant's guarantee; lives inside Envoy only. */
export const beyondGuaranteeHeader = 'x-bulkhead-beyond-guarantee'
/** The header that carries the TLS server name inside Envoy. */
export const serverNameHeader = 'x-bulkhead-server-name'

/** Every header that is ours alone. */
export const ownHeaders: readonly string[] = [tenantHeader, subscriptionHeader, beyondGuaranteeHeader, serverNameHeader]

/**
 * Headers that a client may never bring in: removed before anything looks at the request. Ours, and those by which
 * proxies and frameworks are told another identity, address or path (S-001, S-005, S-007, S-008, S-010).
 */
export const reservedHeaders: readonly string[] = [
  ...ownHeaders,
  'x-tenant-id',
  'x-gw-tenant',
  'x-gw-sub',
  'tenant',
  'forwarded',
  'x-forwarded-host',
  'x-forwarded-prefix',
  'x-forwarded-port',
  'x-forwarded-client-cert',
  'x-original-url',
  'x-original-host',
  'x-rewrite-url',
  'x-http-method-override',
  'x-real-ip',
  'x-envoy-original-dst-host',
  'x-envoy-original-path',
  'x-envoy-internal',
  'x-envoy-external-address',
  'x-envoy-max-retries',
  'x-envoy-retry-on',
  'x-envoy-retry-grpc-on',
  'x-envoy-hedge-on-per-try-timeout',
  'x-envoy-upstream-rq-timeout-ms',
  'x-envoy-upstream-rq-per-try-timeout-ms',
  'x-envoy-upstream-alt-stat-name',
  'x-envoy-upstream-rq-timeout-alt-response',
  'x-envoy-upstream-stream-duration-ms',
  'x-envoy-expected-rq-timeout-ms',
  'x-envoy-force-trace',
  'x-envoy-decorator-operation',
  'x-envoy-ip-tags',
  'x-envoy-attempt-count',
  'x-envoy-peer-metadata',
  'x-envoy-peer-metadata-id',
]
