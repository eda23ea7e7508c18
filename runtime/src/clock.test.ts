import { expect, test } from 'vitest'
import { systemClock, timestamp } from './clock.ts'

test("the system clock's sleep rejects with the signal's reason", async () => {
  const stop = new AbortController()
  const sleep = systemClock.sleep(60_000, stop.signal)
  const reason = new Error('stop')
  stop.abort(reason)
  await expect(sleep).rejects.toBe(reason)
  await expect(systemClock.sleep(60_000, stop.signal)).rejects.toBe(reason)
})

test('a sleep longer than a timer can count is not turned into no sleep at all', async () => {
  const stop = new AbortController()
  const sleep = systemClock.sleep(2 ** 40, stop.signal)
  const first = await Promise.race([sleep.then(() => 'slept'), new Promise((resolve) => setTimeout(resolve, 20))])
  expect(first).toBeUndefined()
  stop.abort(new Error('the test is over'))
  await expect(sleep).rejects.toThrow('the test is over')
})

test('a timestamp is what the API server writes', () =>
  expect(timestamp(Date.UTC(2026, 0, 2, 3, 4, 5, 678))).toBe('2026-01-02T03:04:05Z'))
