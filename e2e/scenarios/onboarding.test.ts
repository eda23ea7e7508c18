import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decodeJwt } from 'jose'
import { createOrganisation, publishStandard, type Organisation } from '../world/organisation.ts'
import { eventually } from '../world/eventually.ts'
import { openScenario, type Scenario } from './scenario.ts'

let scenario: Scenario
let acme: Organisation
let globex: Organisation
let onboardingMs: number

beforeAll(async () => {
  scenario = await openScenario()
  const startedMs = performance.now()
  acme = await createOrganisation(scenario.name('acme'), scenario)
  onboardingMs = performance.now() - startedMs
  globex = await createOrganisation(scenario.name('globex'), scenario)
  await Promise.all([publishStandard(acme), publishStandard(globex, { roles: ['buyer'] })])
})
afterAll(() => scenario.close(acme, globex))

describe('onboarding', () => {
  test('a tenant that was applied becomes Ready with its namespace, realm and schema', async () => {
    console.log(`  tenant applied → Ready: ${Math.round(onboardingMs)} ms`)
    const { status } = await acme.status()
    expect(status.namespace).toBe(acme.namespace)
    const issuer = new URL(status.identity.issuer)
    const discovery = { host: issuer.host, path: `${issuer.pathname}/.well-known/openid-configuration` }
    const realm = await scenario.client.send(discovery)
    expect(JSON.parse(realm.body)).toMatchObject({ issuer: status.identity.issuer })
    expect(
      await scenario.sql('select nspname from pg_namespace where nspname = $1', [status.database.schema]),
    ).toHaveLength(1)
  })

  test('its namespace has default deny, a quota that counts our kinds, and a role for its admins', async () => {
    const names = await scenario.kubectl.run([
      'get',
      'networkpolicy,resourcequota,role,rolebinding',
      '-n',
      acme.namespace,
      '-o',
      'name',
    ])
    for (const kind of ['networkpolicy', 'resourcequota', 'role.rbac', 'rolebinding']) expect(names).toContain(kind)
    const quota = await scenario.kubectl.run([
      'get',
      'resourcequota',
      '-n',
      acme.namespace,
      '-o',
      'jsonpath={.items[*].spec.hard}',
    ])
    expect(quota).toContain('count/tools.bulkhead.dev')
  })

  test('a tool applied by the tenant admin is served, and reaches the right backend', async () => {
    const [mine, theirs] = await Promise.all([acme.token(), globex.token()])
    const ofAcme = await acme.send({ path: '/orders/1', token: mine })
    const ofGlobex = await globex.send({ path: '/orders/1', token: theirs })
    expect([ofAcme.status, ofGlobex.status]).toEqual([200, 200])
    expect([ofAcme.headers['x-canary'], ofGlobex.headers['x-canary']]).toEqual([
      acme.backend.canary,
      globex.backend.canary,
    ])
  })

  test("a token names its tenant's audience, its subscription and the roles of its plan", async () => {
    const claims = decodeJwt(await globex.token())
    const { status } = await globex.status()
    expect([claims.aud].flat()).toContain(status.identity.audience)
    expect(claims['azp']).toMatch(/^sub-/)
    expect(claims['realm_access']).toMatchObject({ roles: expect.arrayContaining(['buyer']) })
  })

  test('what a backend sees is the gateway’s word, and no credential', async () => {
    acme.backend.forget()
    await acme.send({ path: '/orders/1', token: await acme.token() })
    const [seen] = acme.backend.seen()
    expect(seen?.headers['authorization']).toBeUndefined()
    expect(seen?.headers['x-bulkhead-tenant']).toEqual([acme.name])
    expect(seen?.headers['x-bulkhead-subscription']).toHaveLength(1)
  })

  test('a public tool set answers without a token, a subscribed one does not', async () => {
    expect((await acme.send({ path: '/open' })).status).toBe(200)
    acme.backend.forget()
    expect((await acme.send({ path: '/orders/1' })).status).toBe(401)
    expect(acme.backend.seen()).toEqual([])
  })

  test('an edit of a tool is served within seconds', async () => {
    await acme.apply(
      acme.objects.tool('fresh', acme.backend.port),
      acme.objects.toolSet('api', acme.host, ['orders', 'fresh']),
    )
    const token = await acme.token()
    await eventually(async () => expect((await acme.send({ path: '/fresh/x', token })).status).toBe(200))
  })
})

describe('what a tenant admin may do', () => {
  const can = async (who: Organisation, verb: string, what: string, namespace: string): Promise<boolean> =>
    (
      await scenario.kubectl.attempt(['auth', 'can-i', verb, ...what.split(' '), '-n', namespace], { as: who.admin })
    ).stdout.trim() === 'yes'

  test('S-154 objects of one namespace are invisible to the other admin', async () => {
    for (const kind of ['tools', 'toolsets', 'plans', 'subscriptions', 'accesspolicies']) {
      expect(await can(acme, 'list', `${kind}.bulkhead.dev`, acme.namespace)).toBe(true)
      expect(await can(globex, 'list', `${kind}.bulkhead.dev`, acme.namespace)).toBe(false)
    }
    const refused = await scenario.kubectl.attempt(['get', 'tools', '-n', acme.namespace], { as: globex.admin })
    expect(refused.stderr).toContain('Forbidden')
    expect(refused.stdout).toBe('')
  })

  test.each([
    ['get', 'tenants.bulkhead.dev'],
    ['list', 'namespaces'],
    ['patch', 'tools.bulkhead.dev --subresource=status'],
    ['update', 'resourcequotas'],
    ['delete', 'networkpolicies.networking.k8s.io'],
    ['create', 'rolebindings.rbac.authorization.k8s.io'],
  ])('S-154 the admin cannot %s %s', async (verb, what) => {
    expect(await can(acme, verb, what, acme.namespace)).toBe(false)
  })
})
