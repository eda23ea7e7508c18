import { findCondition, kinds } from '@bulkhead/crds'
import { Secret, createMetrics, systemClock } from '@bulkhead/runtime'
import type { KubeKind, KubeRef } from '@bulkhead/runtime'
import { expect, test } from 'vitest'
import { readTenant } from './facts.ts'
import { createHttp, createKeycloak, operatorClientId } from '@bulkhead/identity'
import { roleBindingKind, roleKind, secretKind } from './kubernetes/kinds.ts'
import { createOperatorMetrics } from './metrics.ts'
import { reconcileTenant } from './tenant/reconcile.ts'
import { logInFirst } from './testing/first-admin.ts'
import { realmVandal } from './testing/realm-vandal.ts'
import { openWorld } from './testing/open-world.ts'

// What goes wrong around a tenant, with every real part. One world for all.
const { world, steps, operator } = await openWorld()

const walls = ['Granted', 'NamespaceReady', 'IdentityReady', 'DatabaseReady']
const signal = AbortSignal.timeout(3_600_000)
const patient = { timeout: 60_000, interval: 200 }
const crdKind: KubeKind = {
  ...{ group: 'apiextensions.k8s.io', version: 'v1', plural: 'customresourcedefinitions' },
  ...{ kind: 'CustomResourceDefinition', namespaced: false },
}

async function clientsOf(realm: string): Promise<readonly string[]> {
  return realmVandal(world.keycloak, realm).clientIds('sub-')
}

test('a Subscription takes its client with it, whatever a tenant admin does before', async () => {
  await steps.createTenant('acme')
  await steps.tenantWith('acme', 'True', walls)
  const { realm } = await steps.factsOf('acme')
  const namespace = 'tenant-acme'
  const refs = ['first', 'second', 'third', 'fourth'].map((name) => ({ kind: kinds.subscription, namespace, name }))
  const [first, second, third, fourth] = refs
  if (first === undefined || second === undefined || third === undefined || fourth === undefined) return
  await steps.publish(namespace, 'acme.gw.test')
  for (const { name } of refs) await steps.subscribe(namespace, name)
  const made = await Promise.all(refs.map((ref) => steps.subscriptionWith(ref, 'True', ['CredentialsReady'])))
  const [, , , kept] = made.map(({ metadata }) => `sub-${metadata.uid}`)
  expect(await clientsOf(realm)).toHaveLength(4)
  // Its own Secret no longer says whose it is: that makes nothing else foreign.
  const invitation = { kind: secretKind, namespace, name: 'tenant-admin-invitation' }
  await world.admin.patch(invitation, { type: 'merge', body: { metadata: { labels: null } } })
  await steps.changeTenant('acme', { displayName: 'Acme Inc.' })
  await steps.tenantWith('acme', 'False', ['NamespaceReady'])
  await world.admin.delete(first)
  await world.until(first, (found) => found === undefined)
  expect(await clientsOf(realm)).toHaveLength(3)
  const stripped = { type: 'merge', body: { metadata: { finalizers: null } } } as const
  const strip = async (ref: KubeRef) => {
    await world.admin.delete(ref)
    await world.admin.patch(ref, stripped).catch(() => undefined)
    await world.until(ref, (found) => found === undefined)
  }
  await strip(second)
  await expect.poll(() => clientsOf(realm), patient).toHaveLength(2)
  await operator.stop()
  await strip(third)
  operator.start()
  await expect.poll(() => clientsOf(realm), patient).toEqual([kept])
})

test('tenants that come, and go, at one moment do not fail each other in Postgres', async () => {
  const { databases } = world.parts
  const tenants = Array.from({ length: 8 }, (_, index) => {
    const [uid, id] = [`uid-${index}`, `crowd${index}`]
    return { uid, schema: `tenant_${id}`, role: `tenant_${id}`, retainedSchema: `retained_${id}` }
  })
  const settings = { canLogin: true, connectionLimit: 5, password: new Secret('p'.repeat(32)) }
  await Promise.all(tenants.map((tenant) => databases.prepare(tenant, settings, signal)))
  const made = await Promise.all(tenants.map((tenant) => databases.observe(tenant, signal)))
  expect(new Set(made.map(({ role, schema }) => `${role.kind} ${schema.kind}`))).toEqual(new Set(['own own']))
  await Promise.all(tenants.map((tenant) => databases.drop(tenant, signal)))
  const left = await Promise.all(tenants.map((tenant) => databases.observe(tenant, signal)))
  expect(new Set(left.map(({ role, schema }) => `${role.kind} ${schema.kind}`))).toEqual(new Set(['absent absent']))
})

test('with Keycloak away a deletion takes what it sees, and the Tenant stays until the realm was seen gone', async () => {
  await steps.createTenant('initech', { deletionPolicy: 'Delete' })
  await steps.tenantWith('initech', 'True', walls)
  const { id, realm } = await steps.factsOf('initech')
  await operator.stop()
  // Somebody gave the role power: it must go all the same.
  await world.postgres.query(`GRANT pg_read_all_data TO tenant_${id}`)
  const ref = { kind: kinds.tenant, name: 'initech' }
  await world.admin.delete(ref)
  const { keycloak: latency } = createOperatorMetrics(createMetrics())
  const http = createHttp({ url: 'http://127.0.0.1:1', clock: systemClock, latency })
  const bootstrap = { clientId: 'c', clientSecret: new Secret('s') }
  const parts = { ...world.parts, keycloak: createKeycloak({ http, clock: systemClock, bootstrap }) }
  const deletion = reconcileTenant(parts, readTenant(await world.admin.get(ref)), undefined, signal)
  await expect(deletion).rejects.toThrow('Cannot delete tenant "initech"')
  expect(await world.postgres.query(`SELECT 1 FROM pg_roles WHERE rolname = 'tenant_${id}'`)).toEqual([])
  // It holds nothing any more, and it is known where what stands of it is.
  const { uid = '' } = (await world.admin.get(ref)).metadata
  expect(await world.parts.registry.standing(uid, signal)).toBe('listed')
  operator.start()
  await steps.gone('initech')
  expect(await world.parts.keycloak.findRealm(realm, signal)).toBeUndefined()
  expect(await world.parts.registry.standing(uid, signal)).toBe('gone')
})

test('the first admin comes in with the invitation, manages users, and touches neither clients, mappers nor keys', async () => {
  await steps.createTenant('wayne')
  await steps.tenantWith('wayne', 'True', walls)
  const { realm } = await steps.factsOf('wayne')
  const invitation = await steps.secret('tenant-wayne', 'tenant-admin-invitation')
  const token = await logInFirst(world.keycloak.url, realm, invitation)
  const vandal = realmVandal(world.keycloak, realm)
  const [management, own] = await Promise.all(['realm-management', operatorClientId].map((name) => vandal.idOf(name)))
  const call = async (method: string, path: string, body?: unknown): Promise<Response> =>
    fetch(`${world.keycloak.url}/admin/realms/${realm}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  const made = await call('POST', '/users', { username: 'bob', enabled: true })
  expect(made.status).toBe(201)
  const bob = `/users/${made.headers.get('location')?.split('/').at(-1) ?? ''}`
  expect((await call('PUT', bob, { firstName: 'Bob' })).status).toBe(204)
  const mapper = { name: 'azp', protocol: 'openid-connect', protocolMapper: 'oidc-hardcoded-claim-mapper' }
  const powers = ['manage-clients', 'manage-realm', 'realm-admin']
  const roles = (await vandal.rolesOf('realm-management')).filter(({ name = '' }) => powers.includes(name))
  expect(roles).toHaveLength(powers.length)
  const attempts: readonly (readonly [string, string, unknown?])[] = [
    ['GET', `/clients/${own}/client-secret`],
    ['POST', '/clients', { clientId: 'mine' }],
    ['PUT', `/clients/${own}`, { enabled: false }],
    ['POST', `/clients/${own}/protocol-mappers/models`, mapper],
    ['POST', '/client-scopes', { name: 'mine', protocol: 'openid-connect', protocolMappers: [mapper] }],
    ['GET', '/keys'],
    [
      'POST',
      '/components',
      { name: 'mine', providerId: 'rsa-generated', providerType: 'org.keycloak.keys.KeyProvider' },
    ],
    ['PUT', '', { sslRequired: 'NONE' }],
    ['POST', '/identity-provider/instances', { alias: 'mine', providerId: 'oidc' }],
    ...roles.map((role) => ['POST', `${bob}/role-mappings/clients/${management}`, [role]] as const),
  ]
  const answers = await Promise.all(attempts.map(async (args) => [...args.slice(0, 2), (await call(...args)).status]))
  expect(answers).toEqual(attempts.map(([method, path]) => [method, path, 403]))
  expect((await call('DELETE', bob)).status).toBe(204)
  // The invitation is used: once it is deleted it stays away.
  const used = { kind: secretKind, namespace: 'tenant-wayne', name: 'tenant-admin-invitation' }
  await world.admin.delete(used)
  await steps.changeTenant('wayne', { displayName: 'Wayne' })
  await steps.tenantWith('wayne', 'True', walls)
  expect(await world.admin.find(used)).toBeUndefined()
})

test('what the API server lets in can be used, and a key that is too long is not let in', async () => {
  const longKey = steps.createTenant('long', { quota: { resources: { ['k'.repeat(129)]: '1' } } })
  await expect(longKey).rejects.toThrow('at most 128 characters')
  await steps.createTenant('odd', { displayName: '🦊'.repeat(128), hostnames: [{ host: 'odd.example\u00a0' }] })
  const odd = await steps.tenantWith('odd', 'False', ['Granted', 'Ready'])
  expect(findCondition(odd.status?.conditions, 'Granted')).toMatchObject({
    reason: 'HostnameInvalid',
    message: expect.stringContaining('spec.hostnames[0].host') as string,
  })
})

test('a quota that the API server refuses is told of by its field, and nobody is let in without it', async () => {
  const many = steps.createTenant('hooli', { quota: { resources: { 'requests.cpu': 'many' } } })
  await expect(many).rejects.toThrow('must be a quantity')
  const admins = [{ kind: 'Group', name: 'hooli-admins' }]
  await steps.createTenant('hooli', { admins, quota: { tools: 1, resources: { 'no-such-thing': '1' } } })
  const refused = await steps.tenantWith('hooli', 'True', ['Stalled', 'IdentityReady'])
  expect(findCondition(refused.status?.conditions, 'NamespaceReady')).toMatchObject({
    reason: 'InvalidSpec',
    message: expect.stringMatching(/^spec\.quota\.resources: .*no-such-thing/) as string,
  })
  const inside = { namespace: 'tenant-hooli', name: 'tenant-admins' }
  expect(await world.admin.find({ kind: roleKind, ...inside, name: 'tenant-admin' })).toBeDefined()
  expect(await world.admin.find({ kind: roleBindingKind, ...inside })).toBeUndefined()
  await steps.changeTenant('hooli', { quota: { tools: 1, resources: { 'no-such-thing': null } } })
  await steps.tenantWith('hooli', 'True', walls)
  expect(await world.admin.find({ kind: roleBindingKind, ...inside })).toBeDefined()
  // And the quota that stands now counts.
  const backend = { type: 'External', external: { host: 'api.test', port: 443 } }
  const make = (name: string) =>
    world.admin.create(kinds.tool, {
      metadata: { name, namespace: 'tenant-hooli' },
      spec: { backend, http: { path: '/' } },
    })
  await expect.poll(() => make('first').then(() => 'made', String), patient).toBe('made')
  await expect(make('second')).rejects.toThrow('exceeded quota: bulkhead-quota')
})

test('a Tenant that cannot be used says so, keeps what stood, and can be deleted', async () => {
  await steps.createTenant('umbrella', { deletionPolicy: 'Delete' })
  const { status } = await steps.tenantWith('umbrella', 'True', walls)
  // An older schema let more in than this version can use.
  const resources = '/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/quota/properties/resources'
  await world.admin.patch(
    { kind: crdKind, name: 'tenants.bulkhead.dev' },
    { type: 'json', body: [{ op: 'remove', path: `${resources}/x-kubernetes-validations` }] },
  )
  const change = () => steps.changeTenant('umbrella', { quota: { resources: { ['k'.repeat(129)]: '1' } } })
  await expect.poll(() => change().then(() => 'done', String), patient).toBe('done')
  const refused = await steps.tenantWith('umbrella', 'False', ['Ready'])
  expect(findCondition(refused.status?.conditions, 'Ready')).toMatchObject({
    reason: 'InvalidSpec',
    message: expect.stringContaining('spec.quota.resources') as string,
  })
  expect(refused.status).toMatchObject({ granted: status?.granted, identity: status?.identity })
  await world.admin.delete({ kind: kinds.tenant, name: 'umbrella' })
  await steps.gone('umbrella')
  const { realm = '' } = status?.identity ?? {}
  expect(await world.parts.keycloak.findRealm(realm, signal)).toBeUndefined()
})
