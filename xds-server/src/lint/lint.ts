// lint: what must hold for every resource that we publish, whatever made it. Each rule here was once a hole somewhere.
import { nameInTypeUrl, toJson, TYPE_URLS } from '@bulkhead/envoy'
import type { EncodedResource, JsonObject, TypeUrl } from '@bulkhead/envoy'
import { clusterRules, endpointRules, scopeRules } from './backend-rules.ts'
import { bootstrapRules } from './bootstrap-rules.ts'
import { identityClusterRules, identityRouteRules, isOfIdentity } from './identity-rules.ts'
import { isObject } from './json.ts'
import { listenerRules } from './listener-rules.ts'
import { routeRules } from './route/rules.ts'
import type { Rule } from './rule.ts'

/** A rule that a resource breaks. */
export interface LintFinding {
  /** The rule, like `D-13/normalizePath`. */
  readonly rule: string
  readonly resource: string
  readonly message: string
}

/** What of a platform the rules must know, because it may differ. */
export interface LintedPlatform {
  readonly trustedHops: number
}

const nothingBefore: LintedPlatform = { trustedHops: 0 }

/** The rules for each type of resource. */
export const rulesByType = ({ trustedHops }: LintedPlatform = nothingBefore): Readonly<
  Record<TypeUrl, readonly Rule[]>
> => ({
  [TYPE_URLS.listener]: listenerRules(trustedHops),
  [TYPE_URLS.routeConfiguration]: routeRules,
  [TYPE_URLS.scopedRoute]: scopeRules,
  [TYPE_URLS.cluster]: clusterRules,
  [TYPE_URLS.endpoints]: endpointRules,
  [TYPE_URLS.secret]: [],
})

/** What holds instead for the platform's own: its names are no tenant's, so no tenant's resource comes under these. */
export const identityRulesByType: Readonly<Partial<Record<TypeUrl, readonly Rule[]>>> = {
  [TYPE_URLS.routeConfiguration]: identityRouteRules,
  [TYPE_URLS.cluster]: identityClusterRules,
}

function rulesOf(typeUrl: TypeUrl, name: string, platform: LintedPlatform): readonly Rule[] {
  const own = isOfIdentity(name) ? identityRulesByType[typeUrl] : undefined
  return own ?? rulesByType(platform)[typeUrl]
}

/** Everything that is wrong with some resources; nothing, when all rules hold. */
export function lintResources(
  resources: readonly EncodedResource[],
  platform: LintedPlatform = nothingBefore,
): readonly LintFinding[] {
  return resources.flatMap(({ typeUrl, name, bytes }) => {
    const json = toJson(nameInTypeUrl(typeUrl), bytes)
    return isObject(json) ? findings(rulesOf(typeUrl, name, platform), name, json) : []
  })
}

/** The same for one resource that is read already. */
export function lintResource(typeUrl: TypeUrl, name: string, json: JsonObject): readonly LintFinding[] {
  return findings(rulesOf(typeUrl, name, nothingBefore), name, json)
}

/** The same for the file that every Envoy starts with, as its YAML or JSON reads. */
export function lintBootstrap(bootstrap: JsonObject): readonly LintFinding[] {
  return findings(bootstrapRules, 'bootstrap', bootstrap)
}

function findings(rules: readonly Rule[], resource: string, json: JsonObject): readonly LintFinding[] {
  return rules.flatMap(({ id, check }) => check(json).map((message) => ({ rule: id, resource, message })))
}
