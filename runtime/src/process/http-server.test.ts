import { request } from 'node:https'
import { connect } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { createMetrics } from '../metrics.ts'
import { createTestAuthority } from '../testing/certificates.ts'
import type { TestCertificate } from '../testing/certificates.ts'
import { until } from '../testing/until.ts'
import { healthRoutes } from './health.ts'
import { createHttpServer } from './http-server.ts'
import type { HttpRequest, HttpRoute, HttpServer } from './http-server.ts'
import { urisOfCertificate } from './peer-uris.ts'

const servers: HttpServer[] = []

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

async function serve(routes: readonly HttpRoute[], more: object = {}): Promise<{ url: string; server: HttpServer }> {
  const server = await createHttpServer({ host: '127.0.0.1', port: 0, routes, ...more })
  servers.push(server)
  return { url: `http://127.0.0.1:${server.port}`, server }
}

test('readiness names what is not ready and why; health does not depend on it', async () => {
  let problem: string | undefined = 'tenants are not listed yet'
  const { url } = await serve(
    healthRoutes(
      [
        { name: 'tenants', problem: () => problem },
        { name: 'grpc', problem: () => undefined },
      ],
      createMetrics(),
    ),
  )
  const waiting = await fetch(`${url}/readyz`)
  expect(waiting.status).toBe(503)
  expect(await waiting.json()).toEqual({ ready: false, notReady: [{ name: 'tenants', problem }] })
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
  problem = undefined
  expect(await (await fetch(`${url}/readyz`)).json()).toEqual({ ready: true, notReady: [] })
})

test('readiness tells its notes, and they make nothing unready', async () => {
  const notes = () => ({ leads: false, leader: undefined })
  const { url } = await serve(healthRoutes([], createMetrics(), notes))
  const answer = await fetch(`${url}/readyz`)
  expect(answer.status).toBe(200)
  expect(await answer.json()).toEqual({ ready: true, notReady: [], leads: false })
})

test('metrics come as Prometheus text', async () => {
  const metrics = createMetrics()
  metrics.counter({ name: 'x_total', help: 'x' }).add()
  const { url } = await serve(healthRoutes([], metrics))
  const answer = await fetch(`${url}/metrics`)
  expect(answer.headers.get('content-type')).toContain('text/plain')
  expect(await answer.text()).toContain('x_total 1')
})

test('an unknown path is 404, a wrong method 405, a body too long 413, a throwing handler 500 without its words', async () => {
  const faults: unknown[] = []
  const { url } = await serve(
    [
      { method: 'POST', path: '/status', handle: ({ body }) => ({ status: 200, body }) },
      { method: 'GET', path: '/boom', handle: () => Promise.reject(new Error('secret detail')) },
    ],
    { maxBodyBytes: 10, onFault: (error: unknown) => faults.push(error) },
  )
  expect((await fetch(`${url}/nothing`)).status).toBe(404)
  expect((await fetch(`${url}/status`)).status).toBe(405)
  expect(await (await fetch(`${url}/status`, { method: 'POST', body: '0123456789' })).text()).toBe('0123456789')
  expect((await fetch(`${url}/status`, { method: 'POST', body: '0123456789x' })).status).toBe(413)
  const broken = await fetch(`${url}/boom`)
  expect(broken.status).toBe(500)
  expect(await broken.text()).not.toContain('secret')
  expect(faults).toHaveLength(1)
})

test('a handler that waits is told when its client goes away, and when the server closes', async () => {
  const told: string[] = []
  let waiting = 0
  const handle = async ({ signal }: HttpRequest) => {
    waiting += 1
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
    told.push(String(signal.reason))
    return { status: 204 }
  }
  const { url, server } = await serve([{ method: 'GET', path: '/poll', handle }])
  const client = new AbortController()
  const left = fetch(`${url}/poll`, { signal: client.signal }).catch(() => 'left')
  await until(() => waiting === 1)
  client.abort()
  await until(() => told.length === 1)
  expect(await left).toBe('left')
  const stayed = fetch(`${url}/poll`)
  await until(() => waiting === 2)
  await server.close()
  expect((await stayed).status).toBe(204)
  expect(told).toEqual(['Error: The client went away', 'Error: The server is closing'])
})

test('over TLS a client of our authority is known by its URI; a stranger gets no connection; certificates change live', async () => {
  const [ours, theirs] = [await createTestAuthority('ours'), await createTestAuthority('theirs')]
  const localhost = { commonName: 's', names: [{ type: 'ip', value: '127.0.0.1' }] as const }
  const opa = { commonName: 'opa', names: [{ type: 'url', value: 'spiffe://test/fleet/a/opa' }] as const }
  const tls = { ...(await ours.issue(localhost)), clientCa: ours.caCert }
  const handle = ({ peerUris }: HttpRequest) => ({ status: 200, body: JSON.stringify(peerUris) })
  const { server } = await serve([{ method: 'GET', path: '/who', handle }], { tls })
  const ask = (ca: string, client?: TestCertificate): Promise<string> =>
    new Promise((resolve) => {
      const asked = request(`https://127.0.0.1:${server.port}/who`, { ca, ...client, agent: false }, (response) => {
        response.setEncoding('utf8')
        response.on('data', resolve)
      })
      asked.on('error', () => resolve('refused'))
      asked.end()
    })
  expect(await ask(ours.caCert, await ours.issue(opa))).toBe('["spiffe://test/fleet/a/opa"]')
  expect(await ask(ours.caCert, await theirs.issue(opa))).toBe('refused')
  expect(await ask(ours.caCert)).toBe('refused')
  server.setTls({ ...(await theirs.issue(localhost)), clientCa: ours.caCert })
  expect(await ask(theirs.caCert, await ours.issue(opa))).toBe('["spiffe://test/fleet/a/opa"]')
})

test('a name that contains a comma or a quote cannot pose as a URI', () => {
  expect(urisOfCertificate('DNS:a, URI:spiffe://b/c')).toEqual(['spiffe://b/c'])
  expect(urisOfCertificate('DNS:"a, URI:spiffe://b/c"')).toEqual([])
  expect(urisOfCertificate(undefined)).toEqual([])
})

test('a port that is taken is a fault that names it', async () => {
  const { server } = await serve([])
  await expect(createHttpServer({ host: '127.0.0.1', port: server.port, routes: [] })).rejects.toThrow(
    String(server.port),
  )
})

test('a client that never ends its request does not hold up the closing', async () => {
  const { server } = await serve([{ method: 'POST', path: '/', handle: () => ({ status: 200 }) }], { closeGraceMs: 1 })
  const socket = connect(server.port, '127.0.0.1')
  socket.on('error', () => undefined)
  const cut = new Promise((resolve) => socket.once('close', resolve))
  socket.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\nexpect: 100-continue\r\n\r\n')
  await new Promise((resolve) => socket.once('data', resolve))
  await server.close()
  await cut
})
