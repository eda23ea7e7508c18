import type { JsonObject } from '@bulkhead/envoy'
import { platformClusters } from './contract.ts'
import { at, isObject, listAt, textAt } from './json.ts'
import type { Json } from './json.ts'
import { is, isSet, optionRules, rule } from './rule.ts'
import type { Rule } from './rule.ts'

const itself = (bootstrap: JsonObject): readonly Json[] => [bootstrap]

function cluster(bootstrap: JsonObject, name: string): Json {
  return listAt(bootstrap, 'static_resources.clusters').find((each) => textAt(each, 'name') === name)
}

function monitors(bootstrap: JsonObject): readonly string[] {
  return listAt(bootstrap, 'overload_manager.resource_monitors').map((each) => textAt(each, 'name'))
}

/** The values of Envoy's runtime; their keys hold dots, so that no path leads to one. */
function runtime(bootstrap: JsonObject): JsonObject {
  const layers = listAt(bootstrap, 'layered_runtime.layers').map((layer) => at(layer, 'static_layer'))
  return Object.assign({}, ...layers.filter(isObject)) as JsonObject
}

/** What must hold for the file that every Envoy of a fleet starts with; its keys are as the file writes them. */
export const bootstrapRules: readonly Rule[] = [
  ...optionRules('D-18', itself, {
    'dynamic_resources.lds_config.initial_fetch_timeout': is('0s'),
    'dynamic_resources.cds_config.initial_fetch_timeout': is('0s'),
    'dynamic_resources.lds_config.ads': isSet,
    'dynamic_resources.cds_config.ads': isSet,
    'dynamic_resources.ads_config.api_type': is('DELTA_GRPC'),
    'cluster_manager.local_cluster_name': is(platformClusters.members),
  }),
  ...optionRules('D-27/admin', itself, {
    'admin.address.pipe.path': isSet,
    'static_resources.listeners': { says: 'must not be set', holds: (value) => value === undefined },
  }),
  ...Object.values(platformClusters).map((name) =>
    rule(
      `D-18/cluster-${name}`,
      `the cluster "${name}" must be there`,
      (bootstrap) => cluster(bootstrap, name) !== undefined,
    ),
  ),
  rule('D-11/xds-tls', 'the control plane must be proven by certificate and name', (bootstrap) => {
    const context = at(cluster(bootstrap, platformClusters.xds), 'transport_socket.typed_config.common_tls_context')
    const validation = at(context, 'validation_context')
    const names = listAt(validation, 'match_typed_subject_alt_names')
    return (
      textAt(validation, 'trusted_ca.filename') !== '' &&
      names.length > 0 &&
      listAt(context, 'tls_certificates').length > 0
    )
  }),
  rule('D-13/requests-per-cycle', 'a connection must let others go first after a few requests', (bootstrap) => {
    const value = runtime(bootstrap)['http.max_requests_per_io_cycle']
    return typeof value === 'number' && value > 0
  }),
  // Since it does so by default, the caps on headers are the caps on cookies.
  rule(
    'D-13/cookies',
    'Envoy must count cookies as headers',
    (bootstrap) => !('envoy.reloadable_features.http2_include_cookies_in_limits' in runtime(bootstrap)),
  ),
  rule('statistics/rds', 'there must be no statistics of single route configurations', (bootstrap) =>
    listAt(bootstrap, 'stats_config.stats_matcher.exclusion_list.patterns').some(
      (each) => textAt(each, 'safe_regex.regex') === String.raw`http\.[^.]+\.rds\..*`,
    ),
  ),
  rule('D-13/max-heap', 'memory must be bounded', (bootstrap) =>
    monitors(bootstrap).includes('envoy.resource_monitors.fixed_heap'),
  ),
  rule('D-13/max-connections', 'connections must be bounded', (bootstrap) =>
    monitors(bootstrap).includes('envoy.resource_monitors.global_downstream_max_connections'),
  ),
]
