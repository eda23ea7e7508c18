import { isIP } from 'node:net'
import type { JsonObject } from '@bulkhead/envoy'
import { canonicalHost } from '@bulkhead/tenancy'
import { isOfIdentity } from './identity-rules.ts'
import { at, everyObject, isObject, listAt, textAt } from './json.ts'
import type { Json } from './json.ts'
import { is, isAbsent, isSet, optionRules, rule } from './rule.ts'
import type { Rule } from './rule.ts'

const itself = (resource: JsonObject): readonly Json[] => [resource]

function tlsOf(cluster: JsonObject): readonly Json[] {
  const config = at(cluster, 'transportSocket.typedConfig')
  return isObject(config) ? [config] : []
}

/** What must hold for a backend's cluster. */
export const clusterRules: readonly Rule[] = [
  ...optionRules('D-27', itself, {
    type: is('EDS'),
    clusterType: isAbsent,
    loadAssignment: isAbsent,
    'edsClusterConfig.edsConfig.ads': isSet,
    'circuitBreakers.thresholds.0.maxConnections': isSet,
    'circuitBreakers.thresholds.0.maxRequests': isSet,
    'circuitBreakers.thresholds.0.retryBudget': isSet,
  }),
  ...optionRules('D-27/tls', tlsOf, {
    sni: isSet,
    'commonTlsContext.validationContext.trustedCa.filename': isSet,
    'commonTlsContext.validationContext.matchTypedSubjectAltNames.0': isSet,
    'commonTlsContext.validationContext.trustChainVerification': isAbsent,
  }),
]

/** What must hold for a backend's addresses. */
export const endpointRules: readonly Rule[] = [
  rule('D-27/addresses', 'every endpoint must be an IP address and a port', (assignment) =>
    listAt(assignment, 'endpoints')
      .flatMap((locality) => listAt(locality, 'lbEndpoints'))
      .every((each) => isIP(textAt(each, 'endpoint.address.socketAddress.address')) !== 0),
  ),
  rule('D-27/names', 'nothing may be resolved by name', (assignment) =>
    everyObject(assignment).every((object) => !('hostname' in object) && !('resolverName' in object)),
  ),
]

function isOneOwners(name: string): boolean {
  return /^[a-z2-7]{13}\/routes$/.test(name) || (isOfIdentity(name) && name.endsWith('/routes'))
}

/** What must hold for a scope. */
export const scopeRules: readonly Rule[] = [
  rule('scopes/key', 'the name must be the one key, and a host', (scope) => {
    const name = textAt(scope, 'name')
    const fragments = JSON.stringify(at(scope, 'key.fragments'))
    return canonicalHost(name) === name && fragments === JSON.stringify([{ stringKey: name }])
  }),
  rule('scopes/target', 'the scope must lead to routes of one tenant, or of an identity host', (scope) =>
    isOneOwners(textAt(scope, 'routeConfigurationName')),
  ),
  ...optionRules('scopes', itself, { onDemand: isAbsent, routeConfiguration: isAbsent }),
]
