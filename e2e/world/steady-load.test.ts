import { expect, test } from 'vitest'
import type { Clock } from '@bulkhead/runtime'
import type { GatewayAnswer } from '../client/gateway-client.ts'
import { startSteadyLoad } from './steady-load.ts'

const clock: Clock = { now: () => 0, sleep: () => new Promise((resolve) => setImmediate(resolve)) }
const answer = (status: number): GatewayAnswer => ({ status, headers: {}, body: 'words' })

test('every answer but 200 is a failure, and so is none at all', async () => {
  const outcomes = [() => answer(200), () => answer(503), () => Promise.reject(new Error('reset'))]
  let sent = 0
  const load = startSteadyLoad(async () => (outcomes[sent++] ?? (() => answer(200)))(), { clock, pauseMs: 1 })
  await load.pass(2)
  await load.pass(2)
  const result = await load.stop()
  expect(result.sent).toBeGreaterThanOrEqual(4)
  expect(result.failures).toEqual(['503 words', 'Error: reset'])
})
