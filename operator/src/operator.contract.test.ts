import { findCondition, kinds } from '@bulkhead/crds'
import { isNotFound } from '@bulkhead/runtime'
import { tenantId } from '@bulkhead/tenancy'
import { expect, test } from 'vitest'
import { operatorClientId } from '@bulkhead/identity'
import { readSubscription } from './facts.ts'
import { eventKind, namespaceKind, networkPolicyKind, resourceQuotaKind, secretKind } from './kubernetes/kinds.ts'
import { adminAttacks, adminOf, roleAttacks, successesOf } from './testing/attacks.ts'
import { startOperatorProcess } from './testing/process.ts'
import { realmVandal } from './testing/realm-vandal.ts'
import { openWorld } from './testing/open-world.ts'
import { systemNamespace } from './testing/world.ts'

// One world for all, and one story: a test goes on with what those before it made.
const { world, steps, operator } = await openWorld()

const walls = ['Granted', 'NamespaceReady', 'IdentityReady', 'DatabaseReady']
const signal = AbortSignal.timeout(3_600_000)

const subscriptionRef = (namespace: string, name: string) => ({ kind: kinds.subscription, namespace, name })

test('a Tenant becomes a namespace, a realm, a schema and its grants, and is Ready once it is programmed', async () => {
  await steps.createTenant('acme', {
    hostnames: [{ host: 'API.acme.example' }],
    admins: [{ kind: 'Group', name: 'acme-admins' }],
    quota: { tools: 3, resources: { 'requests.cpu': '2000m' } },
  })
  const built = await steps.tenantWith('acme', 'True', walls)
  const id = tenantId(built.metadata.uid)
  expect(built.status).toMatchObject({
    observedGeneration: 1,
    namespace: 'tenant-acme',
    id,
    granted: { hostnames: ['acme.gw.test', 'api.acme.example'], guaranteed: 10 },
    identity: { realm: `acme-${id}`, audience: `urn:bulkhead:tenant:${id}` },
    database: { schema: `tenant_${id}`, role: `tenant_${id}`, version: 1 },
  })
  expect(findCondition(built.status?.conditions, 'Ready')).toMatchObject({ status: 'False', reason: 'NotProgrammed' })
  await steps.program(kinds.tenant, built)
  const ready = await steps.tenantWith('acme', 'True', ['Ready'])
  expect(findCondition(ready.status?.conditions, 'Reconciling')).toBeUndefined()
  const quota = await world.admin.get({ kind: resourceQuotaKind, namespace: 'tenant-acme', name: 'bulkhead-quota' })
  expect(quota['spec']).toMatchObject({ hard: { 'count/tools.bulkhead.dev': '3', 'requests.cpu': '2' } })
  const invitation = await steps.secret('tenant-acme', 'tenant-admin-invitation')
  expect(Object.keys(invitation).toSorted()).toEqual(['login-url', 'password', 'username'])
})

test('a settled Tenant is not written again', async () => {
  const before = await steps.tenantWith('acme', 'True', ['Ready'])
  await operator.restart()
  await steps.createTenant('marker')
  await steps.tenantWith('marker', 'True', walls)
  const after = await steps.tenantWith('acme', 'True', ['Ready'])
  expect(after.metadata.resourceVersion).toBe(before.metadata.resourceVersion)
})

test("a Subscription's token names the tenant, the client and exactly the plan's roles", async () => {
  await steps.publish('tenant-acme', 'acme.gw.test')
  await steps.subscribe('tenant-acme', 'app')
  const made = await steps.subscriptionWith(subscriptionRef('tenant-acme', 'app'), 'True', [
    'Accepted',
    'CredentialsReady',
  ])
  const credentials = await steps.secret('tenant-acme', 'app-credentials')
  expect(credentials['base-url']).toBe('https://acme.gw.test/orders')
  const token = await steps.token(credentials)
  const tenant = await steps.tenantWith('acme', 'True', walls)
  expect(token).toMatchObject({
    iss: tenant.status?.identity?.issuer,
    aud: tenant.status?.identity?.audience,
    azp: `sub-${made.metadata.uid}`,
    realm_access: { roles: expect.arrayContaining(['reader', 'writer']) as unknown },
  })
  expect(token['realm_access']).toMatchObject({ roles: { length: 2 } })
  await steps.program(kinds.subscription, made)
  await steps.subscriptionWith(subscriptionRef('tenant-acme', 'app'), 'True', ['Ready'])
})

test('a suspended Subscription gets no token, and gets one again when it resumes', async () => {
  const ref = subscriptionRef('tenant-acme', 'app')
  const credentials = await steps.secret('tenant-acme', 'app-credentials')
  await world.admin.patch(ref, { type: 'merge', body: { spec: { suspended: true } } })
  const conditionsOf = (found: unknown) => readSubscription(found).object.status?.conditions
  const suspended = await world.until(
    ref,
    (found) => findCondition(conditionsOf(found), 'CredentialsReady')?.reason === 'Suspended',
  )
  expect(findCondition(conditionsOf(suspended), 'Stalled')).toBeUndefined()
  expect(await steps.token(credentials)).toMatchObject({ status: 401 })
  await world.admin.patch(ref, { type: 'merge', body: { spec: { suspended: false } } })
  await steps.subscriptionWith(ref, 'True', ['Accepted', 'CredentialsReady'])
  expect(await steps.token(credentials)).toHaveProperty('azp')
})

test('a Secret of the wanted name that is not ours is left alone: NameTaken', async () => {
  const metadata = { namespace: 'tenant-acme', name: 'second-credentials' }
  await world.admin.create(secretKind, { metadata, type: 'Opaque', data: { mine: 'eA==' } })
  await steps.subscribe('tenant-acme', 'second')
  const ref = subscriptionRef('tenant-acme', 'second')
  const refused = await steps.subscriptionWith(ref, 'True', ['Stalled'])
  expect(findCondition(refused.status?.conditions, 'CredentialsReady')?.reason).toBe('NameTaken')
  expect(await steps.secret('tenant-acme', 'second-credentials')).toEqual({ mine: 'x' })
})

test('a Secret that a full quota shuts out is told as that, and made once there is room', async () => {
  const full = { kind: resourceQuotaKind, namespace: 'tenant-acme', name: 'full' }
  const { namespace, name } = full
  await world.admin.create(resourceQuotaKind, {
    metadata: { namespace, name },
    spec: { hard: { 'count/secrets': '0' } },
  })
  await world.until(full, (found) => JSON.stringify(found?.['status']).includes('count/secrets'))
  await steps.subscribe('tenant-acme', 'third')
  const ref = subscriptionRef('tenant-acme', 'third')
  const refused = await steps.subscriptionWith(ref, 'True', ['Stalled'])
  expect(findCondition(refused.status?.conditions, 'CredentialsReady')).toMatchObject({
    reason: 'QuotaExceeded',
    message: 'Cannot make Secret "third-credentials": ResourceQuota "full" of the namespace is full',
  })
  await world.admin.delete(full)
  await steps.subscriptionWith(ref, 'True', ['CredentialsReady'])
})

test('S-176 what drifts in realm, client, Secret, namespace and role is put back', async () => {
  const { realm, id, audience } = await steps.factsOf('acme')
  const keycloak = realmVandal(world.keycloak, realm)
  await keycloak.loosenSettings()
  await keycloak.removeAudience()
  await keycloak.disableClient(operatorClientId)
  const credentials = await steps.secret('tenant-acme', 'app-credentials')
  await keycloak.forgeMapper(credentials['client-id'] ?? '')
  expect(await steps.token(credentials)).toMatchObject({ forged: 'yes' })
  const policy = { kind: networkPolicyKind, namespace: 'tenant-acme', name: 'bulkhead-default-deny' }
  const secret = { kind: secretKind, namespace: 'tenant-acme', name: 'app-credentials' }
  await world.admin.delete(policy)
  await world.admin.delete(secret)
  await world.postgres.query(`ALTER ROLE tenant_${id} CONNECTION LIMIT 500`)
  await operator.restart()
  const patient = { timeout: 90_000, interval: 500 }
  await expect
    .poll(() => keycloak.settings(), patient)
    .toMatchObject({ sslRequired: 'external', accessTokenLifespan: 300, registrationAllowed: false })
  await world.until(policy, (found) => found !== undefined)
  await world.until(secret, (found) => found !== undefined)
  const limit = () => world.postgres.query(`SELECT rolconnlimit FROM pg_roles WHERE rolname = 'tenant_${id}'`)
  await expect.poll(limit, patient).toEqual([{ rolconnlimit: 20 }])
  const aud = async () => (await steps.token(await steps.secret('tenant-acme', 'app-credentials')))['aud']
  await expect.poll(aud, patient).toBe(audience)
  await expect.poll(() => steps.token(credentials), patient).not.toHaveProperty('forged')
})

test('a host that another tenant holds is refused without a word of whose it is', async () => {
  await steps.createTenant('globex', {
    hostnames: [{ host: 'api.acme.example' }, { host: 'evil.gw.test' }, { host: '10.0.0.1' }],
    limits: { requestsPerSecond: { guaranteed: 5000, ceiling: 5000 } },
  })
  const refused = await steps.tenantWith('globex', 'False', ['Granted'])
  const granted = findCondition(refused.status?.conditions, 'Granted')
  expect(refused.status?.granted).toEqual({ hostnames: ['globex.gw.test'], guaranteed: 0 })
  expect(granted?.message).toContain('spec.hostnames[0].host: "api.acme.example" is not granted to this tenant')
  expect(granted?.message).toContain('spec.hostnames[1].host: "evil.gw.test" is not granted to this tenant')
  expect(granted?.message).toContain('spec.hostnames[2].host')
  expect(granted?.message).toContain('spec.limits.requestsPerSecond.guaranteed')
  expect(granted?.message).not.toContain('"acme"')
  // What else there is to build is built first.
  await steps.tenantWith('globex', 'True', ['Stalled', 'NamespaceReady', 'IdentityReady', 'DatabaseReady'])
})

test('S-187 no Event about one tenant names another', async () => {
  const { items } = await world.admin.list(eventKind, { fieldSelector: 'involvedObject.kind=Tenant' })
  const told = (tenant: string) =>
    items.map((item) => JSON.stringify(item)).filter((text) => text.includes(`"name":"${tenant}"`))
  const [acme, globex] = [told('acme'), told('globex')]
  expect(globex.some((text) => text.includes('HostnameNotGranted'))).toBe(true)
  expect(acme.length).toBeGreaterThan(0)
  expect(acme.filter((text) => text.includes('globex'))).toEqual([])
  // The host that it asked for is its own word; nothing else of the other is said.
  expect(globex.filter((text) => text.replaceAll('api.acme.example', '').includes('acme'))).toEqual([])
})

test("S-154 a tenant's admin writes the tenant's own kinds and nothing that guards them", async () => {
  const alice = await adminOf(world, 'alice', ['acme-admins'])
  const metadata = { name: 'silver', namespace: 'tenant-acme' }
  await alice.create(kinds.plan, { metadata, spec: {} })
  expect((await alice.list(secretKind, { namespace: 'tenant-acme' })).items.length).toBeGreaterThan(0)
  expect(await successesOf(adminAttacks(alice, 'tenant-acme', 'tenant-globex'))).toEqual([])
  alice.close()
})

test("S-163 a tenant's role reaches its own rows and nothing else", async () => {
  await steps.tenantWith('globex', 'True', ['DatabaseReady'])
  const [mine, other] = await Promise.all(['acme', 'globex'].map((name) => steps.factsOf(name)))
  const client = await steps.login(mine?.id)
  await client.query(`INSERT INTO audit (actor, action) VALUES ('a', 'b')`)
  expect(
    await successesOf(roleAttacks(client, `tenant_${mine?.id}`, `tenant_${other?.id}`, world.postgres.user)),
  ).toEqual([])
  await client.query(`SET search_path TO "tenant_${other?.id}"`)
  await expect(client.query('SELECT * FROM usage_windows')).rejects.toThrow('does not exist')
  await client.end()
  const definers = await world.postgres.query(
    `SELECT proname FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace
     WHERE prosecdef AND nspname NOT IN ('pg_catalog', 'information_schema')`,
    world.postgres.database,
  )
  expect(definers, 'S-166 there is no SECURITY DEFINER function').toEqual([])
})

test('a suspended Tenant mints no tokens and logs in nowhere, until it resumes', async () => {
  const { id } = await steps.factsOf('acme')
  const credentials = await steps.secret('tenant-acme', 'app-credentials')
  const session = await steps.login(id)
  session.on('error', () => undefined)
  // With another change beside it, so that the role is mended and shut in one step.
  await steps.changeTenant('acme', { suspended: true, database: { connectionLimit: 19 } })
  const suspended = await steps.tenantWith('acme', 'False', ['IdentityReady', 'DatabaseReady', 'Ready'])
  expect(findCondition(suspended.status?.conditions, 'Ready')?.reason).toBe('Suspended')
  expect(suspended.status?.identity?.jwks).toContain('RSA')
  expect(await steps.token(credentials)).toHaveProperty('error')
  await expect(steps.login(id)).rejects.toThrow('not permitted to log in')
  await expect(session.query('SELECT 1'), 'a session from before is ended').rejects.toThrow()
  await steps.changeTenant('acme', { suspended: false })
  await steps.tenantWith('acme', 'True', walls)
  expect(await steps.token(credentials)).toHaveProperty('azp')
  await (await steps.login(id)).end()
})

test('S-175 a namespace of the derived name that is not ours is left alone: NameTaken', async () => {
  await world.admin.create(namespaceKind, { metadata: { name: 'tenant-initech', labels: { whose: 'mine' } } })
  await steps.createTenant('initech', { deletionPolicy: 'Delete' })
  const refused = await steps.tenantWith('initech', 'False', ['NamespaceReady'])
  expect(findCondition(refused.status?.conditions, 'NamespaceReady')?.reason).toBe('NameTaken')
  await world.admin.delete({ kind: kinds.tenant, name: 'initech' })
  await steps.gone('initech')
  const left = await world.admin.get({ kind: namespaceKind, name: 'tenant-initech' })
  expect(left.metadata.labels).toMatchObject({ whose: 'mine' })
  expect(left.metadata.deletionTimestamp).toBeUndefined()
})

test('S-190 a Tenant deleted and made again starts empty, and the old one left nothing behind', async () => {
  await steps.changeTenant('acme', { deletionPolicy: 'Delete' })
  await steps.tenantWith('acme', 'True', walls)
  const { id, realm } = await steps.factsOf('acme')
  await world.admin.delete({ kind: kinds.tenant, name: 'acme' })
  const cut = await steps.tenantWith('acme', 'False', ['Granted'])
  expect(cut.status?.granted?.hostnames ?? []).toEqual([])
  await steps.program(kinds.tenant, cut, 'Withdrawn')
  await steps.gone('acme')
  await expect(world.admin.get({ kind: namespaceKind, name: 'tenant-acme' })).rejects.toSatisfy(isNotFound)
  for (const name of [`realm-${id}`, `database-${id}`]) {
    await expect(world.admin.get({ kind: secretKind, namespace: systemNamespace, name })).rejects.toSatisfy(isNotFound)
  }
  expect(await world.parts.keycloak.findRealm(realm, signal)).toBeUndefined()
  const { database } = world.postgres
  expect(await world.postgres.query(`SELECT 1 FROM pg_roles WHERE rolname = 'tenant_${id}'`)).toEqual([])
  expect(await world.postgres.query(`SELECT 1 FROM pg_namespace WHERE nspname LIKE '%${id}'`, database)).toEqual([])
  expect(await world.postgres.query(`SELECT 1 FROM tenants WHERE id = '${id}'`, database)).toEqual([])
  await steps.createTenant('acme', { deletionPolicy: 'Retain' })
  await steps.tenantWith('acme', 'True', walls)
  const again = await steps.factsOf('acme')
  expect(again.id).not.toBe(id)
  const client = await steps.login(again.id)
  expect((await client.query('SELECT * FROM audit')).rows).toEqual([])
  await client.end()
})

test('S-193 a retained Tenant keeps its data behind doors that nobody can open', async () => {
  const { id, realm } = await steps.factsOf('acme')
  const password = await steps.login(id)
  await world.admin.delete({ kind: kinds.tenant, name: 'acme' })
  password.on('error', () => undefined)
  await steps.gone('acme')
  await expect(password.query('SELECT 1'), 'a session from before is ended').rejects.toThrow()
  expect(await world.parts.keycloak.findRealm(realm, signal)).toMatchObject({ enabled: false })
  const { database } = world.postgres
  const schemas = await world.postgres.query(`SELECT nspname FROM pg_namespace WHERE nspname LIKE '%${id}'`, database)
  expect(schemas).toEqual([{ nspname: `retained_${id}` }])
  await expect(steps.login(id)).rejects.toThrow('not permitted to log in')
})

test('the process is ready with the account that is shipped, tells what it does, keeps its secrets, and ends when told', async () => {
  await operator.stop()
  const shipped = await startOperatorProcess(world)
  const ready = async () => (await shipped.page('/readyz')).status
  await expect.poll(ready, { timeout: 60_000, interval: 200 }).toBe(200)
  await steps.createTenant('hooli')
  const { status } = await steps.tenantWith('hooli', 'True', walls)
  const metrics = (await shipped.page('/metrics')).text
  expect(metrics).toMatch(/bulkhead_operator_keycloak_seconds_count\{call="create realm"\} 1/)
  expect(metrics).toMatch(/bulkhead_operator_outcomes_total\{kind="Tenant",outcome="ready"\}/)
  const { code, output } = await shipped.end()
  expect(code).toBe(0)
  expect(output).toContain('"tenant":"hooli"')
  const stored = await Promise.all([
    steps.secret(systemNamespace, `database-${status?.id ?? ''}`),
    steps.secret(systemNamespace, `realm-${status?.id ?? ''}`),
  ])
  const secrets = [stored[0]['password'], stored[1]['client-secret'], stored[1]['tenant-admin-password']]
  for (const secret of [...secrets, world.keycloak.clientSecret]) expect(output).not.toContain(secret)
})
