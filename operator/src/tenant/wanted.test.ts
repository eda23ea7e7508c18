import { expect, test } from 'vitest'
import { sampleTenant, sampleWanted, settings } from '../testing/samples.ts'
import { locate, wantIdentity } from '../walls/identity/wanted.ts'
import { wantTenant } from './wanted.ts'

const hostnames = (...hosts: string[]) =>
  sampleWanted(sampleTenant({ spec: { hostnames: hosts.map((host) => ({ host })) } }))

test('a tenant asks for its own host by itself, and for the others in their canonical form', () => {
  expect(hostnames('API.Acme.Example', 'bücher.example').grants.claim.hosts).toEqual([
    'acme.gw.test',
    'api.acme.example',
    'xn--bcher-kva.example',
  ])
})

test.each([
  ['S-023 an address', '10.0.0.1', 'HostnameInvalid'],
  ['a single label', 'localhost', 'HostnameInvalid'],
  ["another tenant's own host", 'globex.gw.test', 'HostnameNotGranted'],
  ['a host below the own one', 'x.acme.gw.test', 'HostnameNotGranted'],
  ['the base domain itself', 'gw.test', 'HostnameNotGranted'],
  ['another spelling of the base domain', 'GLOBEX.GW.TEST.', 'HostnameNotGranted'],
  ["the identity provider's host", 'id.test', 'HostnameNotGranted'],
  ["another spelling of the identity provider's host", 'ID.test.', 'HostnameNotGranted'],
])('%s is not asked for: %s', (_title, host, reason) => {
  const { claim, hostProblems } = hostnames(host).grants
  expect(claim.hosts).toEqual(['acme.gw.test'])
  expect(hostProblems).toMatchObject([{ reason, field: 'spec.hostnames[0].host' }])
})

test("a tenant that is called like the platform's own host does not get it", () => {
  const { claim, hostProblems } = sampleWanted(sampleTenant({ metadata: { name: 'id' } })).grants
  expect(claim.hosts).toEqual([])
  expect(hostProblems).toMatchObject([{ reason: 'HostnameNotGranted', field: 'metadata.name' }])
})

test.each([
  [undefined, 'https://id.test/realms/REALM/account/'],
  ['https://admin.internal/', 'https://admin.internal/admin/REALM/console/'],
])('with the admin address %s the first admin logs in at %s', (adminUrl, expected) => {
  const { identity, owner } = sampleWanted()
  const { loginUrl } = wantIdentity(owner, sampleTenant(), { ...settings, adminUrl })
  expect(loginUrl).toBe(expected.replace('REALM', identity.realm))
})

test('each Keycloak has an address of its own where the first admins of its realms manage users', () => {
  const { identity, owner } = sampleWanted()
  const identityShards = [
    { name: 'default', publicUrl: 'https://id.test', adminUrl: 'https://admin.internal', maxRealms: 1 },
    { name: 'two', publicUrl: 'https://id2.test', adminUrl: 'https://admin2.internal/', maxRealms: 1 },
    { name: 'three', publicUrl: 'https://id3.test', maxRealms: 1 },
  ]
  const at = { identityShards, publicUrl: 'https://id.test', adminUrl: 'https://admin.internal' }
  const urls = ['default', 'two', 'three'].map(
    (shard) => locate(identity, owner, at, { kind: 'placed', shard }).loginUrl,
  )
  expect(urls).toEqual([
    `https://admin.internal/admin/${identity.realm}/console/`,
    `https://admin2.internal/admin/${identity.realm}/console/`,
    `https://id3.test/realms/${identity.realm}/account/`,
  ])
})

test('two spellings of one host are one host, and the second is told of', () => {
  const { claim, hostProblems } = hostnames('api.example.com', 'API.example.com.').grants
  expect(claim.hosts).toHaveLength(2)
  expect(hostProblems).toMatchObject([{ reason: 'DuplicateName', field: 'spec.hostnames[1].host' }])
})

test('everybody at once is no admin', () => {
  const admins = [
    { kind: 'Group', name: 'system:authenticated' },
    { kind: 'Group', name: 'acme' },
  ]
  const wanted = sampleWanted(sampleTenant({ spec: { admins } }))
  expect(wanted.problems).toMatchObject([{ reason: 'InvalidSpec', field: 'spec.admins[0].name' }])
  expect(JSON.stringify(wanted.namespace)).not.toContain('system:authenticated')
})

test.each(['169.254.169.254/32', 'fd00:ec2::254/128'])('S-155 the metadata service %s is no range to open', (cidr) => {
  const egress = [
    { cidr, ports: [80] },
    { cidr: '203.0.113.7/32', ports: [443] },
  ]
  const wanted = sampleWanted(sampleTenant({ spec: { network: { egress } } }))
  expect(wanted.problems).toMatchObject([{ reason: 'InvalidSpec', field: 'spec.network.egress[0].cidr' }])
  expect(JSON.stringify(wanted.namespace)).not.toContain(cidr)
  expect(JSON.stringify(wanted.namespace)).toContain('203.0.113.7/32')
})

test.each(['Acme', '../master', 'x'.repeat(41), '-a', 'a"; DROP SCHEMA public; --'])(
  'S-161 S-172 the name %j is refused before anything is derived from it',
  (name) => {
    expect(wantTenant(sampleTenant({ metadata: { name } }), settings)).toMatchObject({
      ok: false,
      problem: { reason: 'InvalidSpec', field: 'metadata.name' },
    })
  },
)

test('S-190 two incarnations of one name share nothing but the namespace and the host', () => {
  const [first, second] = ['u1', 'u2'].map((uid) => sampleWanted(sampleTenant({ metadata: { uid } })))
  expect(first?.identity.realm).not.toBe(second?.identity.realm)
  expect(first?.database.tenant.schema).not.toBe(second?.database.tenant.schema)
  expect(first?.identity.secretName).not.toBe(second?.identity.secretName)
})
