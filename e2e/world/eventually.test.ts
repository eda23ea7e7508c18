import { expect, test } from 'vitest'
import type { Clock } from '@bulkhead/runtime'
import { eventually } from './eventually.ts'

function steppingClock(): Clock {
  let nowMs = 0
  return { now: () => nowMs, sleep: (ms) => Promise.resolve(void (nowMs += ms)) }
}

test('what succeeds at the third try is given back', async () => {
  let tries = 0
  const attempt = () => ((tries += 1) < 3 ? Promise.reject(new Error('not yet')) : Promise.resolve(tries))
  await expect(eventually(attempt, { clock: steppingClock() })).resolves.toBe(3)
})

test('when the time is over, the last failure is told', async () => {
  const attempt = () => Promise.reject(new Error('still closed'))
  await expect(eventually(attempt, { clock: steppingClock(), timeoutMs: 1000, what: 'the door' })).rejects.toThrow(
    'Waited 1000 ms in vain for the door: Error: still closed',
  )
})
