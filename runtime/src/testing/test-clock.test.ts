import { expect, test } from 'vitest'
import { TestClock } from './test-clock.ts'

test('sleepers wake in the order of their time, and those that they start are woken too', async () => {
  const clock = new TestClock(0)
  const woken: string[] = []
  void clock.sleep(200).then(() => woken.push(`b at ${clock.now()}`))
  void clock.sleep(100).then(async () => {
    woken.push(`a at ${clock.now()}`)
    await clock.sleep(50)
    woken.push(`a2 at ${clock.now()}`)
  })
  await clock.advance(199)
  expect(woken).toEqual(['a at 100', 'a2 at 150'])
  await clock.advance(1)
  expect(woken.at(-1)).toBe('b at 200')
})

test("an aborted sleep rejects with the signal's reason and is forgotten", async () => {
  const clock = new TestClock()
  const stop = new AbortController()
  const sleep = clock.sleep(100, stop.signal)
  const reason = new Error('stop')
  stop.abort(reason)
  await expect(sleep).rejects.toBe(reason)
  expect(clock.sleeping).toBe(0)
})
