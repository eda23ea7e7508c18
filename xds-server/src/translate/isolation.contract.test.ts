import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startRig } from './testing/rig.ts'
import type { Rig } from './testing/rig.ts'
import { identityOf, tenant } from './testing/models.ts'
import { acme, acmeToken, claims, globexToken, initech, ownClaims, tenants } from './testing/world.ts'

let rig: Rig
const atAcme = (path: string, headers: Readonly<Record<string, string>> = { authorization: acmeToken() }) =>
  rig.call({ host: 'acme.gw.test', path, headers })

describe('a real Envoy in front of several tenants', () => {
  beforeAll(async () => {
    rig = await startRig(tenants)
  })
  afterAll(async () => {
    await rig.stop()
  })

  test('two hosts of one tenant are told apart', async () => {
    await rig.call({ host: 'api.acme.test', path: '/orders', headers: { authorization: acmeToken() } })
    expect(rig.seen.at(-1)?.headers.host).toBe('second.internal')
    expect(
      (await rig.call({ host: 'api.acme.test', path: '/api', headers: { authorization: acmeToken() } })).status,
    ).toBe(404)
  })

  test('no token, at any path of the tenant, is 401', async () => {
    for (const path of ['/orders', '/nothing', '/down', '/orders/1']) expect((await atAcme(path, {})).status).toBe(401)
  })

  test("S-050 globex's token at acme's host is refused and never goes upstream", async () => {
    expect(
      (await rig.call({ host: 'globex.gw.test', path: '/orders', headers: { authorization: globexToken() } })).status,
    ).toBe(200)
    const before = rig.seen.length
    expect((await atAcme('/orders', { authorization: globexToken() })).status).toBe(401)
    expect(rig.seen.length).toBe(before)
  })

  test.each([
    ['another audience', { aud: 'account' }],
    ['no audience', { aud: undefined }],
    ['no end', { exp: undefined }],
    ['an end in the past', { exp: 1000 }],
    ['a life that is too long', { exp: 9_999_999_999 }],
    ["globex's issuer with acme's key", { iss: identityOf('globex').issuer }],
  ])('S-047 S-049 a token with %s is refused', async (_what, change) => {
    const token = `Bearer ${acme.sign({ ...claims('acme'), ...change })}`
    expect([401, 403]).toContain((await atAcme('/orders', { authorization: token })).status)
  })

  test("S-050 a token of a tenant's own issuer opens that tenant's door and no other", async () => {
    const token = (change: object = {}) => ({ authorization: `Bearer ${initech.sign({ ...ownClaims(), ...change })}` })
    const send = (host: string, headers: Readonly<Record<string, string>>) =>
      rig.call({ host, path: '/orders', headers })
    expect((await send('initech.gw.test', token())).status).toBe(200)
    expect((await send('initech.gw.test', token({ aud: ['x', 'orders'] }))).status).toBe(200)
    const before = rig.seen.length
    const { aud, iss } = claims('acme')
    for (const change of [{}, { aud }, { iss, aud }])
      expect((await send('acme.gw.test', token(change))).status).toBe(401)
    // Envoy looks at the audience before the key.
    expect((await send('acme.gw.test', token({ iss }))).status).toBe(403)
    for (const change of [{ aud: 'other' }, { aud: undefined }, { iss }, { exp: 1000 }, { exp: undefined }])
      expect([401, 403]).toContain((await send('initech.gw.test', token(change))).status)
    expect((await send('initech.gw.test', { authorization: acmeToken() })).status).toBe(401)
    expect(rig.seen.length).toBe(before)
  })

  test('D-04 a token in the query is no token', async () => {
    expect((await atAcme(`/orders?access_token=${acme.sign(claims('acme'))}`, {})).status).toBe(401)
  })

  test('the backend sees our headers and no credentials', async () => {
    await atAcme('/orders', { authorization: acmeToken(), 'x-api-key': 'k' })
    const { headers } = rig.seen.at(-1)!
    expect(headers).toMatchObject({
      host: 'backend.internal',
      'x-bulkhead-tenant': 'acme',
      'x-bulkhead-subscription': 'uid-subscription',
    })
    expect(Object.keys(headers).filter((name) => /^(authorization|x-api-key|x-envoy-.*)$/.test(name))).toEqual([])
    expect(
      Object.keys(headers)
        .filter((name) => name.startsWith('x-bulkhead-'))
        .sort(),
    ).toEqual(['x-bulkhead-subscription', 'x-bulkhead-tenant'])
  })

  test('only a tool that asks for the token gets it, and never an unverified one', async () => {
    const authorization = acmeToken()
    await atAcme('/token', { authorization })
    expect(rig.seen.at(-1)?.headers.authorization).toBe(authorization)
    await atAcme('/opentoken', { authorization: 'Bearer forged' })
    expect(rig.seen.at(-1)?.headers.authorization).toBeUndefined()
    await atAcme('/open', { authorization: 'Bearer forged' })
    expect(rig.seen.at(-1)?.headers.authorization).toBeUndefined()
  })

  test('S-001 S-002 S-008 S-014 forged identity headers reach neither policy nor the backend', async () => {
    const forged = {
      'X-Bulkhead-Tenant': 'globex',
      'x-bulkhead-subscription': 'other',
      'x-bulkhead-beyond-guarantee': '1',
      'x-bulkhead-server-name': 'globex.gw.test',
      'x-bulkhead-unheard-of': '1',
      'x-tenant-id': 'globex',
      'x-forwarded-host': 'globex.gw.test',
      'x-original-url': '/admin',
      'x-envoy-max-retries': '99',
      'x-envoy-original-dst-host': '169.254.169.254:80',
      'x-request-id': '11111111-1111-4111-8111-111111111111',
    }
    expect((await atAcme('/orders', { ...forged, authorization: acmeToken() })).status).toBe(200)
    const seen = JSON.stringify(rig.seen.at(-1)?.headers)
    expect(rig.seen.at(-1)?.headers['x-bulkhead-tenant']).toBe('acme')
    const asked = rig.checks.at(-1)!
    for (const text of ['globex', 'other', 'unheard-of', '/admin', '169.254', '11111111-1111', 'max-retries'])
      expect(seen + asked.headers.replace('acme.gw.test', '')).not.toContain(text)
  })

  test('policy is told the tenant, namespace, tool set, tool and access of the route, and sees no token', async () => {
    await atAcme('/orders/7')
    const { context, path, host, headers } = rig.checks.at(-1)!
    expect({ context, path, host }).toEqual({
      context: {
        ...{ tenant: tenant('acme').id, namespace: 'tenant-acme' },
        ...{ toolset: 'uid-api', tool: 'uid-order', access: 'Subscribed' },
      },
      path: '/orders/7',
      host: 'acme.gw.test',
    })
    expect(headers).not.toContain('Bearer')
  })

  test('S-026 a connection made for acme cannot ask for globex, whatever token it has', async () => {
    const before = rig.checks.length
    const answer = await rig.call({
      host: 'globex.gw.test',
      serverName: 'acme.gw.test',
      path: '/orders',
      headers: { authorization: globexToken() },
    })
    expect([answer.status, rig.checks.length]).toEqual([421, before])
  })

  test('a public path needs no token, for its other hosts neither', async () => {
    expect((await atAcme('/open', {})).status).toBe(200)
    expect(rig.checks.at(-1)?.context.access).toBe('Public')
  })

  test('a suspended tenant answers 403 to everything and policy is not asked', async () => {
    const before = rig.checks.length
    const answer = await rig.call({ host: 'paused.gw.test', path: '/open' })
    expect([answer.status, answer.body, rig.checks.length]).toEqual([403, '{"error":"suspended"}', before])
  })

  test('a tenant without keys yet answers 503, with any token', async () => {
    expect((await rig.call({ host: 'young.gw.test', path: '/orders' })).status).toBe(503)
    const answer = await rig.call({ host: 'young.gw.test', path: '/orders', headers: { authorization: acmeToken() } })
    expect(answer.status).toBe(503)
  })

  test('a tenant without a guarantee lives from the pool, which is closed while the service is away', async () => {
    expect((await rig.call({ host: 'poor.gw.test', path: '/open' })).status).toBe(429)
  })

  test('S-016 S-017 a host in capitals or with a port is the same tenant or a redirect to it', async () => {
    const upper = await rig.call({ host: 'ACME.gw.test', serverName: 'acme.gw.test', path: '/orders' })
    expect([upper.status, upper.headers.location]).toEqual([308, 'https://acme.gw.test/orders'])
    const port = await rig.call({
      host: 'acme.gw.test:443',
      serverName: 'acme.gw.test',
      path: '/orders',
      headers: { authorization: acmeToken() },
    })
    expect(port.status).toBe(200)
  })

  test.each(['nobody.gw.test', 'acme.gw.test.evil.test', 'x@acme.gw.test', '127.0.0.1', ''])(
    'S-019 S-025 the host "%s" is nobody and gets 404 or 400',
    async (host) => {
      const answer = await rig.call({
        host,
        serverName: 'acme.gw.test',
        path: '/orders',
        headers: { authorization: acmeToken() },
      })
      expect([400, 404]).toContain(answer.status)
    },
  )

  test('S-074 the asterisk path is nobody’s, with a token or without', async () => {
    const before = rig.seen.length
    const answer = await rig.call({ host: 'acme.gw.test', path: '*', method: 'OPTIONS' })
    expect([400, 404]).toContain(answer.status)
    expect(rig.seen.length).toBe(before)
  })

  test('S-028 without a certificate for the name there is no connection', async () => {
    await expect(rig.call({ host: 'nobody.gw.test', path: '/' })).rejects.toThrow()
  })

  test('each line of the access log names the tenant of the route, and 421 names none', async () => {
    await atAcme('/orders?secret=1')
    await rig.call({ host: 'globex.gw.test', serverName: 'acme.gw.test', path: '/for-the-log' })
    let lines: readonly Readonly<Record<string, unknown>>[] = []
    await expect
      .poll(async () => {
        lines = (await rig.accessLog())
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as Record<string, unknown>)
        return lines.find(({ path }) => path === '/for-the-log')
      })
      .toMatchObject({ status: 421, tenant_id: null })
    expect(lines.find(({ path, status }) => path === '/orders' && status === 200)).toMatchObject({ tenant_id: 'acme' })
    expect(JSON.stringify(lines)).not.toContain('secret')
  })
})
