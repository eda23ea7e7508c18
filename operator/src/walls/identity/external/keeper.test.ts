import { generateKeyPairSync } from 'node:crypto'
import { FetchRefused } from '@bulkhead/identity'
import type { GuardedFetch } from '@bulkhead/identity'
import { createMetrics, silentLogger } from '@bulkhead/runtime'
import { TestClock, until } from '@bulkhead/runtime/testing'
import { afterEach, expect, test } from 'vitest'
import { createKeyKeeper } from './keeper.ts'
import type { KeptIssuer } from './keeper.ts'

const minute = 60_000
const hour = 60 * minute
const keysOf = (kid: string) => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'ES256' }] })
}
const [first, second] = [keysOf('one'), keysOf('two')]
const acme: KeptIssuer = {
  ...{ uid: 'u1', tenant: 'acme', issuer: 'https://idp.acme.example', jwksUri: 'https://idp.acme.example/keys' },
}

type Answer = () => ReturnType<GuardedFetch>
const good = (body: string) => () => Promise.resolve({ status: 200, body })
const down: Answer = () => Promise.reject(new FetchRefused('failed', acme.jwksUri, 'the connection failed'))
const hang: Answer = () => new Promise(() => undefined)

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()))
})

function bench() {
  const clock = new TestClock()
  const answers = new Map<string, Answer>()
  const asked: string[] = []
  const told: string[] = []
  const metrics = createMetrics()
  const keeper = createKeyKeeper({
    ...{ clock, metrics, logger: silentLogger, random: () => 0.5, pollMs: minute, timeoutMs: 5000, concurrency: 4 },
    life: { staleAfterMs: 24 * hour, withdrawnAfterMs: 7 * 24 * hour },
    fetch: (url, { signal }) => {
      asked.push(url)
      const answer = (answers.get(url) ?? down)()
      return Promise.race([
        answer,
        new Promise<never>((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('stopped')))),
      ])
    },
  })
  const start = () => stops.push(keeper.start((tenant) => told.push(tenant)))
  return { clock, answers, asked, told, metrics, keeper, start }
}

test('keys are fetched at once, told of, and looked at again every minute without a word', async () => {
  const { keeper, start, answers, told, asked, clock } = bench()
  answers.set(acme.jwksUri, good(first))
  start()
  expect(keeper.look(acme, {})).toMatchObject({ jwks: undefined, problem: undefined, freshness: 'fresh' })
  await until(() => told.length === 1)
  expect(keeper.look(acme, {}).jwks).toContain('"one"')
  for (let polls = 2; polls < 5; polls += 1) {
    await clock.advance(minute)
    await until(() => asked.length === polls)
  }
  expect(told).toEqual(['acme'])
})

test('a rotation is told of', async () => {
  const { keeper, start, answers, told, clock } = bench()
  answers.set(acme.jwksUri, good(first))
  start()
  keeper.look(acme, {})
  await until(() => told.length === 1)
  answers.set(acme.jwksUri, good(second))
  await clock.advance(minute)
  await until(() => told.length === 2)
  expect(keeper.look(acme, {}).jwks).toContain('"two"')
})

test.each<readonly [string, Answer, string]>([
  ['F-47 500', () => Promise.resolve({ status: 500, body: first }), 'unavailable'],
  ['F-47 a page', good('<html>'), 'invalid'],
  ['F-47 no keys', good('{"keys":[]}'), 'invalid'],
  ['F-47 half a key', good('{"keys":[{"kty":"RSA","use":"sig","kid":"x"'), 'invalid'],
  ['S-130 a shared secret', good('{"keys":[{"kty":"oct","k":"AA","kid":"x"}]}'), 'invalid'],
  ['a connection that fails', down, 'unavailable'],
  [
    'S-178 an address that is none of the public ones',
    () => Promise.reject(new FetchRefused('forbidden', '', '')),
    'forbidden',
  ],
])('%s leaves the last good keys', async (_title, answer, kind) => {
  const { keeper, start, answers, told, clock } = bench()
  answers.set(acme.jwksUri, good(first))
  start()
  keeper.look(acme, {})
  await until(() => told.length === 1)
  answers.set(acme.jwksUri, answer)
  await clock.advance(minute)
  await until(() => told.length === 2)
  const seen = keeper.look(acme, {})
  expect([seen.jwks?.includes('"one"'), seen.problem?.kind, seen.freshness]).toEqual([true, kind, 'fresh'])
})

test('F-46 keys become stale after a day and are withdrawn after a week, whoever asks and whoever restarts', async () => {
  const { keeper, start, told, clock } = bench()
  const failingSinceMs = clock.now()
  start()
  expect(keeper.look(acme, { jwks: first }).jwks).toBe(first)
  await until(() => told.length === 1)
  await clock.advance(24 * hour + 2 * minute)
  await until(() => keeper.look(acme, {}).freshness === 'stale')
  expect(keeper.look(acme, {})).toMatchObject({ jwks: first, failingSinceMs })
  // Another process takes over.
  const next = bench()
  await next.clock.advance(7 * 24 * hour - 1)
  const since = next.clock.now() - 7 * 24 * hour + 1
  expect(next.keeper.look(acme, { jwks: first, failingSinceMs: since })).toMatchObject({
    jwks: first,
    freshness: 'stale',
  })
  await next.clock.advance(1)
  expect(next.keeper.look(acme, {})).toMatchObject({ jwks: undefined, freshness: 'withdrawn' })
})

test('a hiccup is told once and dated never; ten minutes are', async () => {
  const { keeper, start, answers, told, clock, asked } = bench()
  answers.set(acme.jwksUri, good(first))
  start()
  keeper.look(acme, {})
  await until(() => told.length === 1)
  answers.set(acme.jwksUri, down)
  for (let polls = 2; polls < 12; polls += 1) {
    await clock.advance(minute)
    await until(() => asked.length === polls)
  }
  expect(keeper.look(acme, {}).failingSinceMs).toBeUndefined()
  expect(told.length).toBe(2)
  await clock.advance(minute)
  await until(() => told.length === 3)
  expect(keeper.look(acme, {}).failingSinceMs).toBeDefined()
})

test('keys of another issuer are not kept, those of another address are', async () => {
  const { keeper, start, answers, told } = bench()
  answers.set(acme.jwksUri, good(first))
  start()
  keeper.look(acme, {})
  await until(() => told.length === 1)
  const jwksUri = 'https://cdn.acme.example/keys'
  expect(keeper.look({ ...acme, jwksUri }, {}).jwks).toContain('"one"')
  expect(keeper.look({ ...acme, jwksUri, issuer: 'https://other.example' }, {}).jwks).toBeUndefined()
})

test('F-39 an issuer that hangs delays nobody, and many hold no more than their places', async () => {
  const { keeper, start, answers, told, clock, asked } = bench()
  start()
  answers.set('https://slow.example/keys', hang)
  keeper.look({ uid: 'slow', tenant: 'slow', issuer: 'https://slow.example', jwksUri: 'https://slow.example/keys' }, {})
  for (let index = 0; index < 50; index += 1) {
    const url = `https://i${index}.example`
    answers.set(`${url}/keys`, good(first))
    keeper.look({ uid: `u${index}`, tenant: `t${index}`, issuer: url, jwksUri: `${url}/keys` }, {})
  }
  await until(() => told.length === 50)
  expect(told).not.toContain('slow')
  await clock.advance(minute)
  await until(() => asked.length === 101)
})

test('who is forgotten is not asked any more', async () => {
  const { keeper, start, answers, told, clock, asked } = bench()
  answers.set(acme.jwksUri, good(first))
  start()
  keeper.look(acme, {})
  await until(() => told.length === 1)
  keeper.forget(acme.uid)
  await clock.advance(10 * minute)
  expect(asked.length).toBe(1)
})
