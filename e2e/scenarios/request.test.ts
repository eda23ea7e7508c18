import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Organisation } from '../world/organisation.ts'
import type { Scenario } from './scenario.ts'
import { openTwoOrganisations } from './two-organisations.ts'

let scenario: Scenario
let acme: Organisation
let globex: Organisation
let token: string

beforeAll(async () => {
  ;({ scenario, acme, globex } = await openTwoOrganisations())
  token = await acme.token()
})
afterAll(() => scenario.close(acme, globex))
beforeEach(async () => {
  expect((await acme.send({ path: '/orders/1', token })).status).toBe(200)
  acme.backend.forget()
  globex.backend.forget()
})

const forged = (name: string): Readonly<Record<string, string | string[]>> => ({
  'x-tenant-id': name,
  'X-Bulkhead-Tenant': [name, name],
  'x-bulkhead-subscription': 'forged',
  'x-bulkhead-beyond-guarantee': '1',
  'x-bulkhead-server-name': name,
  'x-gw-tenant': name,
  tenant: name,
  'x-forwarded-host': name,
  'x-original-url': '/admin',
  'x-rewrite-url': '/admin',
  forwarded: `host=${name}`,
  'x-forwarded-client-cert': 'Subject="CN=admin"',
  'x-envoy-internal': 'true',
  'x-envoy-original-dst-host': '169.254.169.254:80',
  'x-envoy-max-retries': '99',
  'x-envoy-retry-on': '5xx',
  'x-envoy-upstream-rq-timeout-ms': '1',
})

test('S-001 S-002 S-005 S-008 S-010 forged identity headers change nothing upstream', async () => {
  const answer = await acme.send({ path: '/orders/1', token, headers: forged(globex.name) })
  expect(answer.status).toBe(200)
  const headers = acme.backend.seen()[0]?.headers ?? {}
  expect(headers['x-bulkhead-tenant']).toEqual([acme.name])
  expect(headers['x-bulkhead-subscription']).not.toContain('forged')
  for (const name of [
    'x-tenant-id',
    'x-gw-tenant',
    'tenant',
    'x-forwarded-host',
    'x-original-url',
    'x-rewrite-url',
    'forwarded',
  ])
    expect(headers[name]).toBeUndefined()
  for (const name of [
    'x-forwarded-client-cert',
    'x-envoy-internal',
    'x-envoy-original-dst-host',
    'x-envoy-max-retries',
    'x-bulkhead-beyond-guarantee',
    'x-bulkhead-server-name',
  ])
    expect(headers[name]).toBeUndefined()
})

test('S-001 forged identity headers change nothing at OPA, and its log keeps neither headers nor query nor token', async () => {
  const marker = `opa-${Date.now()}`
  await acme.send({ path: `/orders/${marker}?code=of-the-query`, token, headers: forged(globex.name) })
  const decision = await scenario.opaDecision(marker)
  expect(decision).toContain((await acme.status()).status.id)
  expect(decision).toContain(acme.name)
  for (const secret of [globex.name, 'of-the-query', 'x-tenant-id', token, token.split('.')[2] ?? token])
    expect(decision).not.toContain(secret)
})

test('S-007 a forged header on a public route never names another tenant', async () => {
  expect((await acme.send({ path: '/open', headers: forged(globex.name) })).status).toBe(200)
  expect(acme.backend.seen()[0]?.headers['x-bulkhead-tenant']).toEqual([acme.name])
})

test('S-011 headers nominated as hop-by-hop still reach the backend as the gateway set them', async () => {
  const answer = await scenario.raw(acme.host, [
    'GET /open HTTP/1.1',
    `Host: ${acme.host}`,
    'Connection: close, x-bulkhead-tenant, x-bulkhead-subscription',
  ])
  expect(answer).toMatch(/^HTTP\/1\.1 (200|400)/)
  for (const seen of acme.backend.seen()) expect(seen.headers['x-bulkhead-tenant']).toEqual([acme.name])
})

test('S-014 the request id is the edge’s own', async () => {
  await acme.send({ path: '/orders/1', token, headers: { 'x-request-id': 'chosen' } })
  expect(acme.backend.seen()[0]?.headers['x-request-id']).not.toContain('chosen')
})

test.each(['nobody.gw.test', 'gw.test', 'a.b.gw.test', '127.0.0.1', '[::1]', 'localhost'])(
  'S-025 the unknown host %s is answered 404',
  async (host) => {
    const answer = await scenario.client.send({ host, path: '/open', serverName: acme.host })
    expect([404, 421]).toContain(answer.status)
  },
)

test('S-016 a host in capitals is sent to its lower-case form, never served as somebody else', async () => {
  const answer = await scenario.client.send({ host: acme.host.toUpperCase(), path: '/open', serverName: acme.host })
  expect([200, 308]).toContain(answer.status)
  if (answer.status === 308) expect(answer.headers['location']).toContain(`https://${acme.host}`)
})

test.each([':443', ':0443', ':8443'])('S-017 a host with the port %s is the same tenant', async (port) => {
  expect((await acme.send({ host: `${acme.host}${port}`, path: '/orders/1', token })).status).toBe(200)
  expect((await acme.send({ host: `${acme.host}${port}`, path: '/orders/1' })).status).toBe(401)
})

test('S-019 userinfo in the host is refused', async () => {
  for (const host of [`${acme.host}@${globex.host}`, `user:pw@${globex.host}`]) {
    const raw = await scenario.raw(acme.host, ['GET /open HTTP/1.1', `Host: ${host}`, 'Connection: close'])
    expect(raw).toMatch(/^HTTP\/1\.1 (400|404|421)/)
  }
  expect(globex.backend.seen()).toEqual([])
})

test("S-020 an absolute target decides, and acme's token does not open globex", async () => {
  const raw = await scenario.raw(acme.host, [
    `GET https://${globex.host}/orders/1 HTTP/1.1`,
    `Host: ${acme.host}`,
    `Authorization: Bearer ${token}`,
    'Connection: close',
  ])
  expect(raw).toMatch(/^HTTP\/1\.1 (400|401|404|421)/)
  expect(globex.backend.seen()).toEqual([])
})

test('S-022 two Host headers are refused', async () => {
  const raw = await scenario.raw(acme.host, [
    'GET /open HTTP/1.1',
    `Host: ${acme.host}`,
    `Host: ${globex.host}`,
    'Connection: close',
  ])
  expect(raw).toMatch(/^HTTP\/1\.1 (400|404)/)
  expect([...acme.backend.seen(), ...globex.backend.seen()]).toEqual([])
})

test('S-026 a connection for acme does not serve globex', async () => {
  const theirs = await globex.token()
  expect((await globex.send({ path: '/orders/1', token: theirs })).status).toBe(200)
  globex.backend.forget()
  const answer = await globex.send({ path: '/orders/1', token: theirs, serverName: acme.host })
  expect(answer.status).toBe(421)
  expect(globex.backend.seen()).toEqual([])
})

test.each([
  ['CL.TE', ['Content-Length: 6', 'Transfer-Encoding: chunked'], '0\r\n\r\nG'],
  ['TE.TE', ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'], '0\r\n\r\n'],
  ['two lengths', ['Content-Length: 5', 'Content-Length: 6'], 'hello'],
  ['a signed length', ['Content-Length: +5'], 'hello'],
])('S-032 %s is refused and nothing is smuggled', async (_name, headers, body) => {
  const smuggled = 'GET /open/smuggled HTTP/1.1\r\nHost: x\r\n\r\n'
  const raw = await scenario.raw(acme.host, ['POST /open HTTP/1.1', `Host: ${acme.host}`, ...headers], body + smuggled)
  expect(raw).toMatch(/^HTTP\/1\.1 (400|501)/)
  expect(acme.backend.seen().filter(({ path }) => path.includes('smuggled'))).toEqual([])
})

test.each(['//orders/1', '/./orders/1', '/open/../orders/1', '/open/%2e%2e/orders/1', '/open/%2E./orders/1'])(
  'S-068 %s is judged as /orders/1',
  async (path) => {
    const without = await acme.send({ path })
    expect([400, 401]).toContain(without.status)
    expect(acme.backend.seen()).toEqual([])
  },
)

test.each(['/open%00', '/open/%zz', '/open%2f..%2forders'])('S-070 %s is malformed', async (path) => {
  expect([400, 404]).toContain((await acme.send({ path })).status)
})

test.each(['/ordersx', '/orders-archive', '/Orders', '/openx'])(
  'S-076 the prefix of a tool does not match %s',
  async (path) => {
    expect((await acme.send({ path, token })).status).toBe(404)
    expect(acme.backend.seen()).toEqual([])
  },
)
