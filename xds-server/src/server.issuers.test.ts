import { TYPE_URLS, toJson, decode, encode } from '@bulkhead/envoy'
import type { Fleet } from '@bulkhead/xds'
import { describe, expect, test } from 'vitest'
import { aTenant, jwks } from './build/testing/fixtures.ts'
import { acmeId, globexId, populated, start } from './testing/control-plane.ts'
import { kindInfo } from './watch/seen.ts'

const { Tenant } = kindInfo
const issuer = 'https://idp.acme.example'
const external = { type: 'External', external: { issuer, audiences: ['a'], jwksURI: `${issuer}/keys` } }

const ownIssuer = (name: string, created: string, of = issuer) =>
  aTenant(name, { created, spec: { identity: external }, status: { identity: { issuer: of, audiences: ['a'], jwks } } })

// What a tenant's filter verifies, as it is served: its issuer, or nothing but refusals.
function verifies(fleet: Fleet, id: string): string {
  const type = 'envoy.config.route.v3.RouteConfiguration'
  const found = fleet.store.find(TYPE_URLS.routeConfiguration, `${id}/routes`)?.resource
  if (found === undefined) return 'nothing'
  return (
    /"issuer":"([^"]*)"/.exec(JSON.stringify(toJson(type, encode(type, decode(type, found.bytes)))))?.[1] ?? 'nobody'
  )
}

describe("a tenant's own issuer", () => {
  test('is served and decided by', async () => {
    const api = populated()
    api.put(Tenant, ownIssuer('acme', '2026-01-01T00:00:00Z'))
    const { fleet, policy } = await start(api)
    expect(verifies(fleet, acmeId)).toBe(issuer)
    const data = policy.operations.flatMap((each) => (each.kind === 'upsertTenant' && each.id === acmeId ? [each] : []))
    expect(data.at(-1)?.tenant).toMatchObject({ issuer, audiences: ['a'], clientClaims: ['azp', 'client_id'] })
  })

  test('S-050 that two tenants claim is the older one’s alone, and passes on when that one lets go', async () => {
    const api = populated()
    api.put(Tenant, ownIssuer('globex', '2026-01-02T00:00:00Z'))
    api.put(Tenant, ownIssuer('acme', '2026-01-01T00:00:00Z'))
    const { fleet, policy, settle } = await start(api)
    expect([verifies(fleet, acmeId), verifies(fleet, globexId)]).toEqual([issuer, 'nobody'])
    const last = policy.operations.findLast((each) => each.kind !== 'setPool' && each.id === globexId)
    expect(last?.kind).not.toBe('upsertTenant')
    api.put(Tenant, ownIssuer('acme', '2026-01-01T00:00:00Z', 'https://other.example'))
    await settle(() => verifies(fleet, globexId) === issuer)
    expect(verifies(fleet, acmeId)).toBe('https://other.example')
  })

  test("S-050 that is another tenant's realm is nobody's but the realm's, however old the claim", async () => {
    const api = populated()
    const realm = aTenant('acme').status?.identity?.issuer ?? ''
    api.put(Tenant, ownIssuer('globex', '2020-01-01T00:00:00Z', realm))
    const { fleet, settle } = await start(api)
    await settle(() => verifies(fleet, acmeId) === realm)
    expect(verifies(fleet, globexId)).toBe('nobody')
  })
})
