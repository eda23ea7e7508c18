import { nameInTypeUrl, toJson, TYPE_URLS } from '@bulkhead/envoy'
import type { JsonObject, TypeUrl } from '@bulkhead/envoy'
import { realmOf } from '@bulkhead/tenancy'
import { describe, expect, test } from 'vitest'
import { assembleIdentity, assembleTenant } from '../assemble/assemble.ts'
import { identityShard, route, settings, tenant } from '../translate/testing/models.ts'
import { translateIdentity, translateTenant } from '../translate/translate.ts'
import { isOfIdentity } from './identity-rules.ts'
import { isObject } from './json.ts'
import { identityRulesByType, lintResource, lintResources } from './lint.ts'
import type { Break } from './testing/break.ts'
import { broken } from './testing/breaking.ts'
import { identityClusterBreaks, identityRouteBreaks } from './testing/identity-breaks.ts'

const tls = { serverName: 'keycloak.internal', rootsFile: '/roots.pem' }
const realms = [realmOf(tenant('acme')), realmOf(tenant('globex'))]
const { resources } = assembleIdentity(translateIdentity({ ...identityShard(8080), tls }, realms, settings.identity))

function jsonOf(typeUrl: TypeUrl): { readonly name: string; readonly json: JsonObject } {
  const found = resources.find((each) => each.typeUrl === typeUrl)
  const json = found && toJson(nameInTypeUrl(typeUrl), found.bytes)
  if (found === undefined || !isObject(json)) throw new Error(`no ${typeUrl}`)
  return { name: found.name, json }
}

const subjects: readonly (readonly [TypeUrl, readonly Break[]])[] = [
  [TYPE_URLS.routeConfiguration, identityRouteBreaks],
  [TYPE_URLS.cluster, identityClusterBreaks],
]

test('what we publish for an identity host breaks no rule', () => expect(lintResources(resources)).toEqual([]))

describe.each(subjects)('%s of an identity host', (typeUrl, breaks) => {
  const { name, json } = jsonOf(typeUrl)

  for (const [rule, path, value] of breaks)
    test(`${rule} is seen when ${path} is broken with ${JSON.stringify(value)}`, () => {
      const seen = lintResource(typeUrl, name, broken(json, path, value)).map((finding) => finding.rule)
      expect(new Set(seen)).toEqual(new Set([rule]))
    })

  test('every rule has a case that breaks it', () => {
    const tried = new Set(breaks.map(([rule]) => rule))
    expect((identityRulesByType[typeUrl] ?? []).map(({ id }) => id).filter((id) => !tried.has(id))).toEqual([])
  })
})

test('nothing of a tenant can come under the rules of an identity host', () => {
  const names = assembleTenant(translateTenant(tenant('platform', { routes: [route('orders')] }), settings)).resources
  expect(names.map(({ name }) => name).filter(isOfIdentity)).toEqual([])
  const { json } = jsonOf(TYPE_URLS.routeConfiguration)
  expect(lintResource(TYPE_URLS.routeConfiguration, `${tenant('acme').id}/routes`, json)).not.toEqual([])
})
