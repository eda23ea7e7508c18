import type { JsonObject } from '@bulkhead/envoy'
import { platformClusters } from './contract.ts'
import { at, listAt, textAt } from './json.ts'
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
  rule('D-13/max-heap', 'memory must be bounded', (bootstrap) =>
    monitors(bootstrap).includes('envoy.resource_monitors.fixed_heap'),
  ),
  rule('D-13/max-connections', 'connections must be bounded', (bootstrap) =>
    monitors(bootstrap).includes('envoy.resource_monitors.global_downstream_max_connections'),
  ),
]
