import fc from 'fast-check'
import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import { LostLeadership, createMetrics, systemClock } from '@bulkhead/runtime'
import { expect, test } from 'vitest'
import { KeycloakUnreachable } from './fault.ts'
import { addressOf, createHttp } from './http.ts'
import type { Http, HttpCall } from './http.ts'

const url = 'http://keycloak.test/auth/'

test.each([
  ['../master', '..%2Fmaster'],
  ['a/b', 'a%2Fb'],
  ['a%2fb', 'a%252fb'],
  ['a?b#c', 'a%3Fb%23c'],
])('S-172 the realm name %j stays one segment of the path', (name, encoded) => {
  expect(addressOf(url, { path: ['admin', 'realms', name] })).toBe(`http://keycloak.test/auth/admin/realms/${encoded}`)
})

test.each(['', '.', '..'])('S-172 the segment %j is refused', (segment) => {
  expect(() => addressOf(url, { path: ['admin', segment] })).toThrow('is no path segment')
})

test('S-172 no name leads out of its realm', () => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 1 }).filter((name) => name !== '.' && name !== '..' && name.isWellFormed()),
      (name) => {
        const { pathname } = new URL(addressOf(url, { path: ['admin', 'realms', name, 'users'] }))
        expect(pathname.split('/')).toHaveLength(6)
        expect(decodeURIComponent(pathname.split('/')[4] ?? '')).toBe(name)
      },
    ),
  )
})

test('F-26 what guards writes is asked before each of them, before no read and no login, and nothing is sent then', async () => {
  const seen: string[] = []
  const { port, stop } = await serve((request, response) => {
    seen.push(request.method ?? '')
    response.setHeader('content-type', 'application/json').end('{}')
  })
  const http = httpAt(port, (doing) => {
    throw new LostLeadership(doing, 'another leads')
  })
  const call = { path: ['admin'], signal: AbortSignal.timeout(10_000) }
  const json: HttpCall['body'] = { kind: 'json', value: {} }
  for (const method of ['POST', 'PUT', 'DELETE'] as const) {
    const refused = http({ ...call, doing: 'create realm "a"', method, body: json })
    await expect(refused).rejects.toThrow(new LostLeadership('create realm "a"', 'another leads'))
  }
  await http({ ...call, doing: 'find realm', method: 'GET' })
  await http({ ...call, doing: 'get token', method: 'POST', body: { kind: 'form', fields: {} } })
  expect(seen).toEqual(['GET', 'POST'])
  await stop()
})

const json = 'application/json;charset=UTF-8'
const page = { body: '<html>', type: 'text/html; charset=utf-8' }

interface Answered {
  readonly status: number
  readonly body?: string
  readonly type?: string
}

test.each<[string, Answered, boolean]>([
  ['nothing with 204', { status: 204 }, true],
  ['nothing with 201', { status: 201 }, true],
  ['JSON with 200', { status: 200, body: '{}', type: json }, true],
  ['a page with 200', { status: 200, ...page }, false],
  ['a page with 201', { status: 201, ...page }, false],
  ['words without a type with 200', { status: 200, body: 'ok' }, false],
  ['nothing with 200', { status: 200 }, false],
  ['nothing with 200, called JSON', { status: 200, type: json }, false],
])('a call ends well only with what Keycloak itself answers: %s', async (_title, answer, isDone) => {
  const { status, body = '', type } = answer
  const { port, stop } = await serve((_request, response) => {
    response.writeHead(status, type === undefined ? {} : { 'content-type': type }).end(body)
  })
  const http = httpAt(port)
  for (const method of ['GET', 'POST', 'PUT', 'DELETE'] as const) {
    const called = http({ doing: 'enable realm', method, path: ['admin'], signal: AbortSignal.timeout(10_000) })
    if (isDone) expect(await called).toMatchObject({ status })
    else await expect(called).rejects.toThrow(new KeycloakUnreachable('enable realm', undefined))
  }
  await stop()
})

const elsewhere = 'http://127.0.0.1:1/'
test.each<[string, RequestListener]>([
  ['leads elsewhere', (_request, response) => response.writeHead(302, { location: elsewhere }).end()],
  [
    'ends in the middle',
    (_request, response) => response.writeHead(200, { 'content-length': 9 }).write('{', () => response.destroy()),
  ],
  ['is longer than any of Keycloak', (_request, response) => response.writeHead(200).end(Buffer.alloc(5_000_000))],
  ['never comes', () => undefined],
  ['breaks off before it begins', (request) => request.destroy()],
])('an answer that %s is none', async (_title, answer) => {
  const { port, stop } = await serve(answer)
  const call = { doing: 'find realm', method: 'GET', path: ['admin'], signal: AbortSignal.timeout(10_000) } as const
  await expect(httpAt(port)({ ...call, timeoutMs: 500 })).rejects.toThrow(KeycloakUnreachable)
  await stop()
})

test.each(['POST', 'PUT', 'DELETE'] as const)('the body of a %s arrives', async (method) => {
  const { port, stop } = await serve((request, response) => {
    request.on('data', (chunk: Buffer) => response.writeHead(200, { 'content-type': json }).end(chunk))
    request.on('end', () => response.end())
  })
  const call = { doing: 'change role', method, path: ['admin'], signal: AbortSignal.timeout(10_000) } as const
  expect(await httpAt(port)({ ...call, body: { kind: 'json', value: ['ä'] } })).toMatchObject({ body: ['ä'] })
  await stop()
})

test('who gives up gets its own reason, also when the answer has begun', async () => {
  const giver = new AbortController()
  const { port, stop } = await serve((_request, response) => {
    response.writeHead(200).write('{', () => giver.abort(new Error('stopped')))
  })
  const called = httpAt(port)({ doing: 'find realm', method: 'GET', path: ['admin'], signal: giver.signal })
  await expect(called).rejects.toThrow('stopped')
  await stop()
})

async function serve(answer: RequestListener): Promise<{ port: number; stop: () => Promise<unknown> }> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    port: typeof address === 'object' ? (address?.port ?? 0) : 0,
    stop: () => new Promise((resolve) => server.close(resolve)),
  }
}

function httpAt(port: number, beforeWrite?: (doing: string) => void): Http {
  return createHttp({
    url: `http://127.0.0.1:${port}`,
    clock: systemClock,
    latency: createMetrics().histogram({ name: 'l', help: 'l', labels: ['call'], buckets: [1] }),
    beforeWrite,
  })
}
