import { readFileSync } from 'node:fs'
import { nameInTypeUrl, toJson, TYPE_URLS } from '@bulkhead/envoy'
import type { EncodedResource, JsonObject, TypeUrl } from '@bulkhead/envoy'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { assembleFleet, assembleTenant } from '../assemble/assemble.ts'
import { forwardTo, refused, route, settings, tenant } from '../translate/testing/models.ts'
import { translateFleet, translateMembers, translateTenant } from '../translate/translate.ts'
import { bootstrapRules } from './bootstrap-rules.ts'
import { isObject } from './json.ts'
import { lintBootstrap, lintResource, lintResources, rulesByType } from './lint.ts'
import type { LintFinding } from './lint.ts'
import { clusterBreaks, endpointBreaks, scopeBreaks } from './testing/backend-breaks.ts'
import { bootstrapBreaks } from './testing/bootstrap-breaks.ts'
import { off } from './testing/break.ts'
import type { Break } from './testing/break.ts'
import { broken } from './testing/breaking.ts'
import { listenerBreaks } from './testing/listener-breaks.ts'
import { at, realm, routeBreaks } from './testing/route-breaks.ts'

const acme = tenant('acme', {
  routes: [
    route('open', { access: 'Public' }),
    route('orders', { action: forwardTo({ tls: { sni: 'orders.example' } }), match: { kind: 'prefix', prefix: '/' } }),
    route('down', { action: refused }),
  ],
})
const resources = [
  ...assembleFleet(translateFleet(settings), translateMembers([{ address: '10.0.0.9', port: 1 }])).resources,
  ...assembleTenant(translateTenant(acme, settings)).resources,
]

function jsonOf(typeUrl: TypeUrl): JsonObject {
  const found = resources.filter((each: EncodedResource) => each.typeUrl === typeUrl).at(-1)
  const json = found === undefined ? undefined : toJson(nameInTypeUrl(typeUrl), found.bytes)
  if (!isObject(json)) throw new Error(`no ${typeUrl}`)
  return json
}

const bootstrap = parse(
  readFileSync(new URL('../../../manifests/envoy/bootstrap.yaml', import.meta.url), 'utf8'),
) as JsonObject

const alsoSeen: Readonly<Record<string, readonly string[]>> = {
  // Without the cluster there is no certificate in it either.
  'D-18/cluster-xds': ['D-11/xds-tls'],
  // An answer with another status is one with the wrong guards, too.
  'D-10/catch-all': ['slots/answers'],
  'S-026/misdirected': ['slots/answers'],
}

const served = (what: string, typeUrl: TypeUrl, breaks: readonly Break[]) => ({
  what,
  json: jsonOf(typeUrl),
  rules: rulesByType()[typeUrl],
  breaks,
  lint: (json: JsonObject) => lintResource(typeUrl, what, json),
})

const subjects = [
  served('listener', TYPE_URLS.listener, listenerBreaks),
  served('routes', TYPE_URLS.routeConfiguration, routeBreaks),
  served('cluster', TYPE_URLS.cluster, clusterBreaks),
  served('endpoints', TYPE_URLS.endpoints, endpointBreaks),
  served('scope', TYPE_URLS.scopedRoute, scopeBreaks),
  { what: 'bootstrap', json: bootstrap, rules: bootstrapRules, breaks: bootstrapBreaks, lint: lintBootstrap },
]

test('what we publish breaks no rule', () => {
  expect([...lintResources(resources), ...lintBootstrap(bootstrap)]).toEqual([])
})

describe.each(subjects)('$what', ({ json, rules, breaks, lint }) => {
  for (const [rule, path, value] of breaks)
    test(`${rule} is seen when ${path} is broken`, () => {
      const seen = [...new Set(lint(broken(json, path, value)).map((finding: LintFinding) => finding.rule))]
      expect(seen.filter((each) => !(alsoSeen[rule] ?? []).includes(each))).toEqual([rule])
    })

  test('every rule has a case that breaks it', () => {
    const tried = new Set(breaks.map(([rule]) => rule))
    expect(rules.map(({ id }) => id).filter((id) => !tried.has(id))).toEqual([])
  })
})

test('a route that keeps the token although nobody verified it is seen', () => {
  const keeping = route('open', { access: 'Public' })
  const routes = assembleTenant(translateTenant(tenant('acme', { routes: [keeping] }), settings)).resources
  expect(lintResources(routes)).toEqual([])
  const json = jsonOf(TYPE_URLS.routeConfiguration)
  const kept = broken(broken(json, `${realm}.forward`, true), `${at.open}.requestHeadersToRemove`, undefined)
  expect(lintResource(TYPE_URLS.routeConfiguration, 'routes', kept).map(({ rule }) => rule)).toEqual([
    'headers/credentials',
  ])
})

test('a limit that is switched off for a suspended tenant only in part is seen', () => {
  const suspended = assembleTenant(translateTenant(tenant('acme', { isSuspended: true }), settings)).resources
  const routes = suspended.find(({ typeUrl }) => typeUrl === TYPE_URLS.routeConfiguration)
  const json = routes && toJson(nameInTypeUrl(TYPE_URLS.routeConfiguration), routes.bytes)
  if (json === undefined || !isObject(json)) throw new Error('no routes')
  expect(lintResources(suspended)).toEqual([])
  const counted = broken(json, 'virtualHosts.0.routes.1.typedPerFilterConfig.ratelimit', undefined)
  expect(lintResource(TYPE_URLS.routeConfiguration, 'routes', counted).map(({ rule }) => rule)).toEqual([
    'slots/answers',
  ])
})

test('proxies that are believed must be those that the platform has', () => {
  const fleet = assembleFleet(translateFleet({ ...settings, trustedHops: 1 }), translateMembers([])).resources
  expect(lintResources(fleet, { trustedHops: 1 })).toEqual([])
  expect(lintResources(fleet).map(({ rule }) => rule)).toEqual(['D-13/xffNumTrustedHops'])
})

test('a guard that is switched off on a route that is not public is seen', () => {
  const json = broken(jsonOf(TYPE_URLS.routeConfiguration), `${at.orders}.typedPerFilterConfig.tenant-auth`, off)
  expect(lintResource(TYPE_URLS.routeConfiguration, 'routes', json).map(({ rule }) => rule)).toEqual(['slots/public'])
})
