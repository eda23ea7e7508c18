import { realmOf } from '@bulkhead/tenancy'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { hostOf, route, settings, tenant } from './testing/models.ts'
import { startRig } from './testing/rig.ts'
import type { Rig } from './testing/rig.ts'

const host = 'id.gw.test'
const acme = realmOf(tenant('acme'))
const globex = realmOf(tenant('globex'))
const young = realmOf(tenant('young'))
const tokenPath = (realm: string) => `/realms/${realm}/protocol/openid-connect/token`

let rig: Rig

const ask = (path: string, method = 'GET', headers: Readonly<Record<string, string>> = {}) =>
  rig.call({ host, path, method, headers })
const mint = (realm: string) => ask(tokenPath(realm), 'POST')

async function statusesOf(count: number, send: () => ReturnType<Rig['call']>): Promise<readonly number[]> {
  return (await Promise.all(Array.from({ length: count }, send))).map(({ status }) => status)
}

describe('a real Envoy before an identity provider', () => {
  beforeAll(async () => {
    const tenants = [
      tenant('acme', { routes: [route('orders')] }),
      tenant('globex', { routes: [route('orders', { host: hostOf('globex.gw.test') })] }),
    ]
    // Here nothing is to be refused for coming often.
    const identity = { ...settings.identity, otherRequestsPerSecond: 10_000 }
    rig = await startRig(() => tenants, {
      realms: [acme, globex],
      fleet: { sourceRequestsPerSecond: 10_000, identity },
    })
  })
  afterAll(async () => {
    await rig.stop()
  })

  // The good path first: else a 404 could come from an Envoy that serves nothing.
  beforeEach(async () => {
    expect((await ask(`/realms/${young}/.well-known/openid-configuration`)).status).toBe(200)
  })

  test('Envoy takes all of it, and asks nobody about it', () => {
    expect(rig.refusals).toEqual([])
    expect(rig.checks).toEqual([])
  })

  test.each([
    ['GET', `/realms/${acme}/.well-known/openid-configuration`],
    ['GET', `/realms/${acme}/protocol/openid-connect/certs`],
    ['POST', tokenPath(acme)],
    ['OPTIONS', tokenPath(acme)],
    ['POST', `/realms/${acme}/protocol/openid-connect/token/introspect`],
    ['GET', `/realms/${acme}/protocol/openid-connect/auth?client_id=a&redirect_uri=https%3A%2F%2Fa.test%2F..%2Fadmin`],
    ['POST', `/realms/${acme}/login-actions/authenticate?session_code=x&execution=1-2&tab_id=%20`],
    ['GET', `/realms/${acme}/broker/google/endpoint?state=a.b&code=c`],
    ['GET', `/realms/${acme}/account`],
    ['GET', `/realms/${acme}/account/`],
    ['DELETE', `/realms/${acme}/account/sessions/1-2`],
    ['GET', '/resources/abc12/login/keycloak.v2/css/styles.css'],
    ['GET', '/resources/abc12/common/keycloak/vendor/@patternfly/a_b.min.css?v=1'],
    ['GET', `/resources/${acme}/account/en`],
  ])('%s %s goes to the provider as it came', async (method, path) => {
    expect((await ask(path, method)).status).toBe(200)
    expect(rig.seen.at(-1)).toMatchObject({ method, url: path })
  })

  const refusals: readonly (readonly [path: string, method?: 'POST' | 'PUT' | 'TRACE' | 'OPTIONS'])[] = [
    ...['/', '/admin', '/admin/', '/admin/master/console/', '/admin/realms', `/admin/realms/${acme}/users`].map(
      (path) => [path] as const,
    ),
    ...['/Admin', '/ADMIN/realms', '//admin', '///admin//realms', '/./admin', '/%61dmin', '/ad%6Din/realms'].map(
      (path) => [path] as const,
    ),
    ...['/admin;x=y/realms', '/admin%20', '/admin%00', '/admin%09/', '/adm%69n', '/admin%3b/realms'].map(
      (path) => [path] as const,
    ),
    [`/realms/${acme}/../../admin`],
    [`/realms/${acme}/../../admin/realms/${acme}/users`],
    [`/realms/${acme}/account/../../../admin/realms`],
    [`/realms/${acme}/account/..;/..;/..;/admin/realms`],
    [`/realms/${acme}/account/..%2f..%2f..%2fadmin/realms`],
    [`/realms/${acme}/account/%2e%2e/%2e%2e/%2e%2e/admin/realms`],
    [`/realms/${acme}/account/..%5c..%5c..%5cadmin/realms`],
    [`/realms/${acme}/account/..\\..\\..\\admin\\realms`],
    [`/realms/${acme}/account/%252e%252e/admin`],
    [`/realms/${acme}/account;a=b/`],
    [`/realms/${acme};a=b/protocol/openid-connect/certs`],
    [`/realms/${acme}/protocol;x/openid-connect/certs`],
    [`/realms/${acme}/admin`],
    [`/realms/${acme}`],
    [`/realms/${acme}/`],
    [`/realms/${acme}/clients-registrations/openid-connect`, 'POST'],
    [`/realms/${acme}/clients-registrations/default`, 'POST'],
    [`/realms/${acme}/protocol/openid-connect/registrations`],
    [`/realms/${acme}/protocol/openid-connect/ext/ciba/auth`, 'POST'],
    [`/realms/${acme}/protocol/openid-connect/logout/backchannel-logout`, 'POST'],
    [`/realms/${acme}/protocol/saml`, 'POST'],
    [`/realms/${acme}/broker/google/token`],
    [`/realms/${acme}/authz/protection/resource_set`],
    [`/realms/${acme}/protocol/openid-connect/token`, 'PUT'],
    [`/realms/${acme}/protocol/openid-connect/token`, 'TRACE'],
    [`/realms/${acme}/protocol/openid-connect/certs`, 'POST'],
    [`/realms/${acme}/protocol/openid-connect/token/`, 'POST'],
    [`/realms/${acme}/protocol/openid-connect/Token`, 'POST'],
    ['/realms/master/protocol/openid-connect/token', 'POST'],
    ['/realms/master/.well-known/openid-configuration'],
    ['/realms/Master/protocol/openid-connect/auth'],
    ['/realms/platform/protocol/openid-connect/token', 'POST'],
    [`/realms/${acme.toUpperCase()}/protocol/openid-connect/certs`],
    [`/realms/${acme.slice(-14)}/protocol/openid-connect/certs`],
    ['/resources/abc12/admin/keycloak.v2/assets/index.js'],
    ['/resources/abc12/login/../admin/keycloak.v2/assets/index.js'],
    ['/resources/abc12/welcome/keycloak/css/welcome.css'],
    ['/resources/abc12/login/keycloak.v2/css/styles.css', 'POST'],
    ['/js/keycloak.js'],
    ['/metrics'],
    ['/health/ready'],
    ['/robots.txt'],
    ['*', 'OPTIONS'],
  ]

  test.each(refusals.map(([path, method = 'GET']) => [method, path] as const))(
    'S-068 S-070 S-071 S-073 S-178 %s %s is never served',
    async (method, path) => {
      const before = rig.seen.length
      const { status } = await ask(path, method)
      expect([400, 404]).toContain(status)
      expect(rig.seen.length).toBe(before)
    },
  )

  test('a path that leads back into a realm is served as what it leads to', async () => {
    expect((await ask(`/realms/master/../${acme}/protocol/openid-connect/certs`)).status).toBe(200)
    expect(rig.seen.at(-1)?.url).toBe(`/realms/${acme}/protocol/openid-connect/certs`)
  })

  test('S-004 S-008 S-055 the provider hears of the caller, the scheme and the host from us alone', async () => {
    await ask(tokenPath(acme), 'POST', {
      ...{ 'x-forwarded-for': '10.9.9.9, 127.0.0.9', 'x-forwarded-proto': 'http', 'x-forwarded-host': 'evil.test' },
      ...{ 'x-forwarded-port': '1', 'x-forwarded-prefix': '/admin', forwarded: 'host=evil.test;for=10.9.9.9' },
      ...{ 'x-bulkhead-tenant': 'acme', 'x-real-ip': '10.9.9.9', 'x-original-url': '/admin' },
      authorization: 'Basic YTpi',
    })
    const { headers } = rig.seen.at(-1)!
    expect(headers).toMatchObject({
      ...{ host, 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'https', 'x-forwarded-host': host },
      // A client proves itself to the provider, and to nobody else.
      authorization: 'Basic YTpi',
    })
    expect(JSON.stringify(headers)).not.toMatch(/evil|10\.9\.9\.9|127\.0\.0\.9|\/admin|x-bulkhead|x-envoy/)
  })

  test('S-026 a connection that was made for a tenant cannot ask the provider, nor the other way', async () => {
    const before = rig.seen.length
    expect((await rig.call({ host, serverName: 'acme.gw.test', path: tokenPath(acme), method: 'POST' })).status).toBe(
      421,
    )
    expect((await rig.call({ host: 'acme.gw.test', serverName: host, path: '/orders' })).status).toBe(421)
    expect(rig.seen.length).toBe(before)
  })

  test('a realm’s paths on a tenant’s host are that tenant’s own, and ask for a token', async () => {
    expect((await rig.call({ host: 'acme.gw.test', path: tokenPath(acme), method: 'POST' })).status).toBe(401)
  })
})

describe('S-179 a real Envoy before an identity provider that a flood goes for', () => {
  const burst = 64
  beforeAll(async () => {
    rig = await startRig(() => [], { realms: [acme, globex], fleet: { sourceRequestsPerSecond: 10_000 } })
  })
  afterAll(async () => {
    await rig.stop()
  })
  beforeEach(async () => {
    expect([(await mint(globex)).status, (await mint(young)).status]).toEqual([200, 200])
  })

  test('a flood on one realm is stopped there, and another realm’s tokens are minted', async () => {
    const before = rig.seen.length
    const answers = await Promise.all(Array.from({ length: 150 }, () => mint(acme)))
    const refused = answers.filter(({ status }) => status === 429)
    expect(refused.length).toBeGreaterThan(30)
    expect(new Set(refused.map(({ headers }) => headers['retry-after']))).toEqual(new Set(['1']))
    expect(rig.seen.length - before).toBe(150 - refused.length)
    expect(await statusesOf(20, () => mint(globex))).toEqual(Array.from({ length: 20 }, () => 200))
  })

  test('realms that nobody has share one bucket, whatever they are called, and take nothing from those that are known', async () => {
    const unknown = (index: number) =>
      mint(`t${index}-${'abcdefghijklmnopqrstuvwxyz234567'.slice(index % 16, (index % 16) + 13)}`)
    const answers = await Promise.all(Array.from({ length: 150 }, (_, index) => unknown(index)))
    const served = answers.filter(({ status }) => status === 200).length
    expect(served).toBeLessThanOrEqual(burst + 40)
    expect(answers.filter(({ status }) => status === 429).length).toBe(150 - served)
    expect(await statusesOf(20, () => mint(globex))).toEqual(Array.from({ length: 20 }, () => 200))
  })

  test('what is refused anyway takes from nobody', async () => {
    expect(new Set(await statusesOf(150, () => ask('/admin/realms')))).toEqual(new Set([404]))
    expect((await mint(young)).status).toBe(200)
  })

  test('a flood on files of login pages leaves tokens alone', async () => {
    const file = () => ask('/resources/abc12/login/keycloak.v2/css/styles.css')
    expect(new Set(await statusesOf(150, file))).toEqual(new Set([200]))
    expect((await mint(globex)).status).toBe(200)
  })
})
