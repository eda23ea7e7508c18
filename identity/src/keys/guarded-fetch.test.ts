import { until } from '@bulkhead/runtime/testing'
import { publicAddresses } from '@bulkhead/runtime'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { answerJson, startTestIssuer } from '../testing/issuer.ts'
import type { TestIssuer } from '../testing/issuer.ts'
import { FetchRefused, createGuardedFetch } from './guarded-fetch.ts'

const limits = () => ({ maxBytes: 1000, timeoutMs: 3000, signal: new AbortController().signal })
const loopback = publicAddresses(['127.0.0.1/32'])

let issuer: TestIssuer
beforeAll(async () => {
  issuer = await startTestIssuer()
})
afterAll(() => issuer.stop())

// Trusts the test's issuer and finds it under every name, unless told otherwise.
function fetchOf(options: Partial<Parameters<typeof createGuardedFetch>[0]> = {}) {
  const resolve = () => Promise.resolve(['127.0.0.1'])
  return createGuardedFetch({ ranges: loopback, trustedCertificates: [issuer.caCert], resolve, ...options })
}

const refusal = async (work: Promise<unknown>): Promise<FetchRefused> => {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof FetchRefused)) throw new Error('it was not refused', { cause: error })
  return error
}

describe('what is allowed', () => {
  test('an answer comes from the address that was checked, for the name that was asked', async () => {
    issuer.answer(answerJson({ keys: [] }))
    const answer = await fetchOf()(`https://issuer.test:${issuer.port}/keys?a=b`, limits())
    expect(answer).toEqual({ status: 200, body: '{"keys":[]}' })
    expect(issuer.seen.at(-1)).toBe(`GET /keys?a=b issuer.test:${issuer.port}`)
  })

  test('a status that is no success is told, not judged', async () => {
    issuer.answer((response) => response.writeHead(500).end('x'))
    expect(await fetchOf()(issuer.url, limits())).toEqual({ status: 500, body: 'x' })
  })

  test('no connection stays open', async () => {
    issuer.answer(answerJson({}))
    await fetchOf()(issuer.url, limits())
    await until(() => issuer.openConnections() === 0)
  })
})

describe('S-178 addresses that are not fetched', () => {
  const strict = () => fetchOf({ ranges: publicAddresses([]) })
  const attempts = (): readonly string[] => [
    `https://127.0.0.1:${issuer.port}/`,
    `https://2130706433:${issuer.port}/`,
    `https://0x7f000001:${issuer.port}/`,
    `https://0x7f.1:${issuer.port}/`,
    `https://0177.0.0.1:${issuer.port}/`,
    `https://017700000001:${issuer.port}/`,
    `https://127.1:${issuer.port}/`,
    `https://①②⑦.0.0.1:${issuer.port}/`,
    `https://[::1]:${issuer.port}/`,
    `https://[::ffff:127.0.0.1]:${issuer.port}/`,
    `https://[::ffff:7f00:1]:${issuer.port}/`,
    `https://[64:ff9b::7f00:1]:${issuer.port}/`,
    `https://[2002:7f00:1::]:${issuer.port}/`,
    'https://169.254.169.254/latest/meta-data/',
    'https://[fd00:ec2::254]/latest/meta-data/',
    'https://10.0.0.1/',
    'https://0/',
  ]

  test('every spelling of an address that is not public', async () => {
    const before = issuer.seen.length
    const kinds = await Promise.all(attempts().map(async (url) => (await refusal(strict()(url, limits()))).kind))
    expect(kinds).toEqual(attempts().map(() => 'forbidden'))
    expect(issuer.seen.length).toBe(before)
  })

  test.each([['127.0.0.1'], ['8.8.8.8', '10.0.0.1'], ['::ffff:127.0.0.1'], ['fe80::1'], ['169.254.169.254'], []])(
    'a name whose addresses are %s %s',
    async (...addresses) => {
      const before = issuer.seen.length
      const guarded = fetchOf({ ranges: publicAddresses([]), resolve: () => Promise.resolve(addresses) })
      expect((await refusal(guarded(`https://issuer.test:${issuer.port}/`, limits()))).kind).toBe('forbidden')
      expect(issuer.seen.length).toBe(before)
    },
  )

  test.each([
    'http://issuer.test/',
    'ftp://issuer.test/',
    'file:///etc/passwd',
    'https://a:b@issuer.test/',
    'https://a@issuer.test/',
    'issuer.test',
    '',
  ])('%j is no address to fetch', async (url) => {
    expect((await refusal(fetchOf()(url, limits()))).kind).toBe('forbidden')
  })

  test('a name that answers differently the second time gains nothing', async () => {
    issuer.answer(answerJson({ good: true }))
    let asked = 0
    const resolve = () => Promise.resolve([asked++ === 0 ? '127.0.0.1' : '127.0.0.2'])
    const answer = await fetchOf({ resolve })(`https://issuer.test:${issuer.port}/`, limits())
    expect([answer.status, asked]).toEqual([200, 1])
  })

  test('a certificate of another name is not believed, whatever the address', async () => {
    const error = await refusal(fetchOf()(`https://other.test:${issuer.port}/`, limits()))
    expect([error.kind, error.message]).toEqual(['failed', expect.stringContaining('ALTNAME') as string])
  })

  test('a certificate of an unknown authority is not believed', async () => {
    expect((await refusal(fetchOf({ trustedCertificates: [] })(issuer.url, limits()))).kind).toBe('failed')
  })
})

describe('F-47 what the other side may do', () => {
  test('a redirect is not followed', async () => {
    issuer.answer((response) => response.writeHead(302, { location: `${issuer.url}/elsewhere` }).end())
    const before = issuer.seen.length
    expect((await refusal(fetchOf()(issuer.url, limits()))).message).toContain('redirect')
    expect(issuer.seen.length).toBe(before + 1)
  })

  test('an answer that never ends is cut off by its size', async () => {
    issuer.answer((response) => {
      response.writeHead(200)
      const timer = setInterval(() => response.write('x'.repeat(400)), 1)
      response.on('close', () => clearInterval(timer))
    })
    expect((await refusal(fetchOf()(issuer.url, limits()))).message).toContain('longer than 1000 bytes')
    await until(() => issuer.openConnections() === 0)
  })

  test('an answer that drips is cut off by the time', async () => {
    issuer.answer((response) => {
      response.writeHead(200)
      const timer = setInterval(() => response.write('x'), 20)
      response.on('close', () => clearInterval(timer))
    })
    const error = await refusal(fetchOf()(issuer.url, { ...limits(), timeoutMs: 300 }))
    expect(error.message).toContain('no answer within 300 ms')
    await until(() => issuer.openConnections() === 0)
  })

  test('a name service that says nothing is not waited for', async () => {
    const resolve = () => new Promise<readonly string[]>(() => undefined)
    const error = await refusal(fetchOf({ resolve })('https://issuer.test/', { ...limits(), timeoutMs: 100 }))
    expect([error.kind, error.message]).toEqual(['failed', expect.stringContaining('no answer within') as string])
  })

  test('a compressed answer is refused: it could be any size', async () => {
    issuer.answer((response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('x'))
    expect((await refusal(fetchOf()(issuer.url, limits()))).message).toContain('compressed')
  })

  test('a page is handed over as text, and is still to be judged', async () => {
    issuer.answer((response) => response.writeHead(200, { 'content-type': 'application/json' }).end('<html>'))
    expect(await fetchOf()(issuer.url, limits())).toEqual({ status: 200, body: '<html>' })
  })

  test('a connection that is refused says no address', async () => {
    const error = await refusal(
      fetchOf({ resolve: () => Promise.resolve(['127.0.0.1']) })('https://issuer.test:1/', limits()),
    )
    expect([error.kind, error.message]).toEqual(['failed', expect.not.stringContaining('127.0.0.1') as string])
  })

  test('whoever stops waiting gets their own reason back', async () => {
    issuer.answer(() => undefined)
    const stopper = new AbortController()
    const fetched = fetchOf()(issuer.url, { ...limits(), signal: stopper.signal })
    stopper.abort(new Error('stopped'))
    await expect(fetched).rejects.toThrow('stopped')
  })
})
