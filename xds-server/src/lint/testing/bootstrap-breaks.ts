import { wrong } from './break.ts'
import type { Break } from './break.ts'

export const bootstrapBreaks: readonly Break[] = [
  ['D-18/dynamic_resources.lds_config.initial_fetch_timeout', 'dynamic_resources.lds_config.initial_fetch_timeout'],
  ['D-18/dynamic_resources.cds_config.initial_fetch_timeout', 'dynamic_resources.cds_config.initial_fetch_timeout'],
  ['D-18/dynamic_resources.lds_config.ads', 'dynamic_resources.lds_config.ads'],
  ['D-18/dynamic_resources.cds_config.ads', 'dynamic_resources.cds_config.ads'],
  ['D-18/dynamic_resources.ads_config.api_type', 'dynamic_resources.ads_config.api_type', 'GRPC'],
  ['D-18/cluster_manager.local_cluster_name', 'cluster_manager'],
  ['D-27/admin/admin.address.pipe.path', 'admin.address', { socket_address: { address: '0.0.0.0', port_value: 9901 } }],
  ['D-27/admin/static_resources.listeners', 'static_resources.listeners', [{}]],
  ...['xds', 'opa', 'ratelimit', 'fleet'].map((name, index): Break => [
    `D-18/cluster-${name}`,
    `static_resources.clusters.${index}.name`,
    wrong,
  ]),
  [
    'D-11/xds-tls',
    'static_resources.clusters.0.transport_socket.typed_config.common_tls_context.validation_context.match_typed_subject_alt_names',
  ],
  ['D-13/requests-per-cycle', 'layered_runtime.layers.0.static_layer'],
  [
    'D-13/cookies',
    'layered_runtime.layers.1.static_layer',
    { 'envoy.reloadable_features.http2_include_cookies_in_limits': false },
  ],
  ['statistics/rds', 'stats_config'],
  ['D-13/max-heap', 'overload_manager.resource_monitors.0'],
  ['D-13/max-connections', 'overload_manager.resource_monitors.1'],
]
