import { Secret } from '@bulkhead/runtime'
import { TestClock } from '@bulkhead/runtime/testing'
import { expect, test } from 'vitest'
import type { Http } from './http.ts'
import { createTokenSource } from './token-source.ts'

const signal = new AbortController().signal

function sourceOf(expiresInSeconds: number) {
  const clock = new TestClock()
  let asked = 0
  const http: Http = () => {
    asked += 1
    const body = { access_token: `token-${asked}`, expires_in: expiresInSeconds }
    return Promise.resolve({ status: 200, body, createdId: undefined })
  }
  const account = { realm: 'r', clientId: 'c', clientSecret: new Secret('s') }
  return { clock, source: createTokenSource(http, account, clock), asked: () => asked }
}

test('however many ask at once, Keycloak is asked once', async () => {
  const { source, asked } = sourceOf(60)
  const tokens = await Promise.all([source.get(signal), source.get(signal), source.get(signal)])
  expect(tokens.map((token) => token.reveal())).toEqual(['token-1', 'token-1', 'token-1'])
  expect(asked()).toBe(1)
})

test('a token is kept until shortly before its end', async () => {
  const { source, clock } = sourceOf(60)
  await source.get(signal)
  await clock.advance(44_000)
  expect((await source.get(signal)).reveal()).toBe('token-1')
  await clock.advance(1_000)
  expect((await source.get(signal)).reveal()).toBe('token-2')
})

test('a token that was refused is not given out again', async () => {
  const { source } = sourceOf(60)
  await source.get(signal)
  source.forget()
  expect((await source.get(signal)).reveal()).toBe('token-2')
})

test('a caller that is told to stop waits no longer, and the others get the token', async () => {
  const { source, asked } = sourceOf(60)
  const stop = new AbortController()
  const [stopped, other] = [source.get(stop.signal), source.get(signal)]
  stop.abort(new Error('stop'))
  await expect(stopped).rejects.toThrow('stop')
  expect((await other).reveal()).toBe('token-1')
  expect(asked()).toBe(1)
})
