import { nameInTypeUrl, TYPE_URLS } from '@bulkhead/envoy'
import type { JsonObject, JsonValue, TypeUrl } from '@bulkhead/envoy'
import { z } from 'zod'
import { at, isObject, listAt, textAt } from '../json.ts'
import { lintResource } from '../lint.ts'
import type { LintFinding } from '../lint.ts'

// Where a dump holds what came over ADS: the list, and the resource in each of its items.
const places: Readonly<Record<string, readonly [list: string, resource: string]>> = {
  ListenersConfigDump: ['dynamicListeners', 'activeState.listener'],
  ClustersConfigDump: ['dynamicActiveClusters', 'cluster'],
  RoutesConfigDump: ['dynamicRouteConfigs', 'routeConfig'],
  ScopedRoutesConfigDump: ['dynamicScopedRouteConfigs', 'scopedRouteConfigs'],
}
const dumpSchema = z.object({ configs: z.array(z.json()) })
const typeUrls: readonly TypeUrl[] = Object.values(TYPE_URLS)

// What these two look at is redacted in a dump; they are held against all that is published in the other tests.
const unseen: readonly string[] = ['D-08/context', 'slots/public']
const free: readonly string[] = ['json_format', 'filter_metadata']

// Envoy writes fields with underscores; keys of maps hold dots or hyphens, or stand where anything may stand, and stay.
function camelCase(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return (value as readonly JsonValue[]).map(camelCase)
  if (!isObject(value)) return value
  const rename = (key: string): string =>
    /^[a-z0-9_]+$/.test(key) ? key.replace(/_([a-z0-9])/g, (_all, letter: string) => letter.toUpperCase()) : key
  const entries = Object.entries(value).map(([key, each]) => [rename(key), free.includes(key) ? each : camelCase(each)])
  return Object.fromEntries(entries) as JsonObject
}

function resourcesIn(dump: JsonValue): readonly JsonObject[] {
  const [list, resource] = places[textAt(dump, '@type').split('.').at(-1) ?? ''] ?? []
  if (list === undefined || resource === undefined) return []
  const found = listAt(dump, list).flatMap((item) => at(item, resource) ?? [])
  return found.filter(isObject)
}

/** What a running Envoy says it has (`/config_dump`): how many resources of ours, and the rules that they break. */
export function lintConfigDump(text: string): { readonly count: number; readonly findings: readonly LintFinding[] } {
  const { configs } = dumpSchema.parse(JSON.parse(text))
  const resources = configs.map((config) => camelCase(config)).flatMap(resourcesIn)
  const findings = resources.flatMap((resource) => {
    const typeUrl = typeUrls.find((one) => nameInTypeUrl(one) === nameInTypeUrl(textAt(resource, '@type')))
    return typeUrl === undefined ? [] : lintResource(typeUrl, textAt(resource, 'name'), resource)
  })
  return { count: resources.length, findings: findings.filter(({ rule }) => !unseen.includes(rule)) }
}
