import { expect, test } from 'vitest'
import { silentLogger } from '../logger.ts'
import { createMetrics } from '../metrics.ts'
import { TestClock } from '../testing/test-clock.ts'
import { createKeyedQueue } from './keyed-queue.ts'
import type { KeyedQueueOptions } from './types.ts'

// What one tenant does to the queue, and what the others feel of it: the time from an add to the end of its reconcile.
const workMs = 50

function queueOf(clock: TestClock, reconcile: KeyedQueueOptions<string>['reconcile'], concurrency = 8) {
  return createKeyedQueue<string>({
    ...{ name: 'test', concurrency, groupOf: (key) => key.split('/')[0] ?? '', reconcile, clock },
    ...{ backoff: { baseMs: 1_000, maxMs: 300_000, random: () => 1 }, logger: silentLogger, metrics: createMetrics() },
  })
}

/** How long each of many quiet keys took, while the clock goes on. */
async function latencies(
  clock: TestClock,
  add: (key: string) => void,
  endedMs: Map<string, number>,
): Promise<number[]> {
  const tookMs: number[] = []
  for (let i = 0; i < 20; i++) {
    const [key, addedMs] = [`quiet/${i}`, clock.now()]
    add(key)
    await clock.advance(500)
    tookMs.push((endedMs.get(key) ?? Infinity) - addedMs)
  }
  return tookMs
}

test('F-39 a tenant whose every key hangs holds a quarter of the workers, and nobody else waits', async () => {
  const clock = new TestClock()
  const endedMs = new Map<string, number>()
  let hanging = 0
  const queue = queueOf(clock, async (key, signal) => {
    if (key.startsWith('hangs/')) {
      hanging += 1
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
    }
    await clock.sleep(workMs)
    endedMs.set(key, clock.now())
  })
  for (let i = 0; i < 100; i++) queue.add(`hangs/${i}`)
  await clock.advance(1_000)
  const tookMs = await latencies(clock, (key) => queue.add(key), endedMs)
  expect(tookMs).toEqual(tookMs.map(() => workMs))
  expect(hanging).toBe(2)
  void queue.stop(0)
  await clock.advance(workMs)
})

test("F-62 a tenant that changes a hundred keys a second, and fails on each, at most doubles the others' time", async () => {
  const clock = new TestClock()
  const endedMs = new Map<string, number>()
  const queue = queueOf(clock, async (key) => {
    await clock.sleep(workMs)
    endedMs.set(key, clock.now())
    if (key.startsWith('noisy/')) throw new Error('it never works')
  })
  const over = new AbortController()
  const churn = async (): Promise<void> => {
    for (let i = 0; !over.signal.aborted; i++) {
      queue.add(`noisy/${i % 1_000}`)
      await clock.sleep(10)
    }
  }
  const churning = churn()
  await clock.advance(5_000)
  const tookMs = await latencies(clock, (key) => queue.add(key), endedMs)
  expect(Math.max(...tookMs)).toBeLessThanOrEqual(2 * workMs)
  over.abort()
  await clock.advance(10)
  await churning
  void queue.stop(0)
  await clock.advance(workMs)
})

test('F-38 one failing tenant among a thousand new ones takes no turn from them', async () => {
  const clock = new TestClock()
  const endedMs = new Map<string, number>()
  let failures = 0
  const queue = queueOf(clock, async (key) => {
    await clock.sleep(workMs)
    if (key === 'fails') {
      failures += 1
      throw new Error('it never works')
    }
    endedMs.set(key, clock.now())
  })
  const startMs = clock.now()
  queue.add('fails')
  for (let i = 0; i < 1_000; i++) queue.add(`tenant-${i}`)
  await clock.advance(60_000)
  expect(endedMs.size).toBe(1_000)
  const bestMs = (1_000 / 8) * workMs
  expect((endedMs.get('tenant-999') ?? Infinity) - startMs).toBeLessThanOrEqual(bestMs * 1.1)
  expect(failures).toBeGreaterThan(3)
  void queue.stop(0)
  await clock.advance(workMs)
})

test('a group alone is still served as fast as its share allows, and all of it', async () => {
  const clock = new TestClock()
  let done = 0
  const queue = queueOf(clock, async () => {
    await clock.sleep(workMs)
    done += 1
  })
  for (let i = 0; i < 100; i++) queue.add(`only/${i}`)
  await clock.advance((100 / 2) * workMs)
  expect(done).toBe(100)
  await queue.idle()
})
