import { parserOf, tenant as tenantSchema } from '@bulkhead/crds'
import type { Tenant } from '@bulkhead/crds'
import { decode, TYPE_URLS } from '@bulkhead/envoy'
import type { EncodedResource } from '@bulkhead/envoy'
import { silentLogger } from '@bulkhead/runtime'
import { issuerOf, parseTenantName, realmOf, tenantId } from '@bulkhead/tenancy'
import type { TenantName } from '@bulkhead/tenancy'
import { expect, test } from 'vitest'
import { hostOf, identityShard, settings } from '../translate/testing/models.ts'
import { Claims } from './claims.ts'
import { IdentityHosts } from './identity-hosts.ts'

const first = identityShard(8080)
const second = {
  ...first,
  ...{ name: 'second', publicUrl: 'https://id2.gw.test', host: hostOf('id2.gw.test') },
}
const parse = parserOf(tenantSchema)
const keyOf = (name: string) => ({ name: parseTenantName(name) as TenantName, id: tenantId(`uid-${name}`) })

function tenantOf(name: string, issuer: string | undefined, spec: object = {}): Tenant {
  const parsed = parse({
    metadata: {
      name,
      uid: `uid-${name}`,
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: '2026-01-01T00:00:00Z',
    },
    spec: { displayName: name, ...spec },
    ...(issuer === undefined ? {} : { status: { identity: { issuer } } }),
  })
  if (!parsed.ok) throw new Error(parsed.problem)
  return parsed.value
}

const issuer = (name: string, shard = first) => issuerOf(shard.publicUrl, keyOf(name))

function hostsWith(published: Map<string, readonly EncodedResource[]>): IdentityHosts {
  const certificates = [{ hosts: ['*.gw.test'], cert: 'c', key: 'k' }]
  return new IdentityHosts({
    settings: { ...settings.identity, shards: [first, second] },
    store: { publish: (group, resources) => void published.set(group, resources) },
    certificates: () => certificates,
    logger: silentLogger,
  })
}

function limited(resources: readonly EncodedResource[] = []): string {
  const routes = resources.find(({ typeUrl }) => typeUrl === TYPE_URLS.routeConfiguration)
  return (
    JSON.stringify(routes && decode('envoy.config.route.v3.RouteConfiguration', routes.bytes)) +
    Buffer.from(routes?.bytes ?? []).toString('latin1')
  )
}

test('a host is published before any realm is known, with its certificate', () => {
  const published = new Map<string, readonly EncodedResource[]>()
  const hosts = hostsWith(published)
  for (const shard of hosts.shards) hosts.publish(shard)
  expect([...published].map(([group, resources]) => [group, resources.map(({ name }) => name)])).toEqual([
    [
      'platform/identity/default',
      ['platform/identity/default/cluster', 'platform/identity/default/routes', 'id.gw.test', 'id.gw.test'],
    ],
    [
      'platform/identity/second',
      ['platform/identity/second/cluster', 'platform/identity/second/routes', 'id2.gw.test', 'id2.gw.test'],
    ],
  ])
})

test('a realm that comes, moves or goes touches its own shards, and an edit touches none', () => {
  const hosts = hostsWith(new Map())
  expect(hosts.see('acme', tenantOf('acme', undefined))).toEqual([])
  expect(hosts.see('acme', tenantOf('acme', issuer('acme')))).toEqual(['default'])
  expect(hosts.see('acme', tenantOf('acme', issuer('acme'), { displayName: 'Other' }))).toEqual([])
  expect(hosts.see('acme', tenantOf('acme', issuer('acme', second)))).toEqual(['default', 'second'])
  expect(hosts.see('acme', tenantOf('acme', issuer('acme', second), { suspended: true }))).toEqual(['second'])
  expect(hosts.see('acme', undefined)).toEqual([])
})

test.each([
  ["another tenant's issuer", issuer('globex')],
  ['an issuer of another incarnation', `${first.publicUrl}/realms/acme-aaaaaaaaaaaaa`],
  ['an issuer elsewhere', `https://login.acme.example/realms/${realmOf(keyOf('acme'))}`],
  ['a host that only begins alike', `${first.publicUrl}.evil.test/realms/${realmOf(keyOf('acme'))}`],
])('%s gives no limit of its own', (_what, said) => {
  expect(hostsWith(new Map()).see('acme', tenantOf('acme', said))).toEqual([])
})

test('a shard holds the limits of its own realms and nobody else’s, in an order of their own', () => {
  const published = new Map<string, readonly EncodedResource[]>()
  const publishAll = (names: readonly string[]) => {
    const hosts = hostsWith(published)
    for (const name of names) hosts.see(name, tenantOf(name, issuer(name, name === 'initech' ? second : first)))
    for (const shard of hosts.shards) hosts.publish(shard)
    return published.get('platform/identity/default')?.map(({ version }) => version)
  }
  expect(publishAll(['acme', 'globex', 'initech'])).toEqual(publishAll(['initech', 'globex', 'acme']))
  const text = limited(published.get('platform/identity/default'))
  expect(text).toContain(realmOf(keyOf('acme')))
  expect(text).not.toContain(realmOf(keyOf('initech')))
})

test('an identity host is claimed before every tenant', () => {
  const claims = new Claims()
  claims.claim('platform/', '', [first.host])
  expect(claims.claim('old', '1970-01-01T00:00:00Z a', [first.host]).held).toEqual(new Set())
})
