import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createMetrics } from '../metrics.ts'
import { createLogger, silentLogger } from '../logger.ts'
import { TestClock } from '../testing/test-clock.ts'
import { createKeyedQueue } from './keyed-queue.ts'
import type { KeyedQueueOptions } from './types.ts'

const backoff = { baseMs: 1_000, maxMs: 300_000, random: () => 1 }

function queueOf(options: Partial<KeyedQueueOptions<string>> & Pick<KeyedQueueOptions<string>, 'reconcile'>) {
  const clock = new TestClock()
  const queue = createKeyedQueue<string>({
    name: 'test',
    concurrency: 1,
    groupOf: (key) => key.split('/')[0] ?? '',
    clock,
    backoff,
    logger: silentLogger,
    metrics: createMetrics(),
    ...options,
  })
  return { clock, queue }
}

test('a key that is added many times before its turn is reconciled once', async () => {
  const seen: string[] = []
  const { queue } = queueOf({ reconcile: (key) => Promise.resolve(void seen.push(key)) })
  for (let i = 0; i < 10; i++) queue.add('acme/a')
  await queue.idle()
  expect(seen).toEqual(['acme/a'])
})

test('a key that is added while it runs is reconciled again afterwards, never at the same time', async () => {
  const gates: (() => void)[] = []
  let running = 0
  let most = 0
  const { queue } = queueOf({
    concurrency: 4,
    reconcile: async () => {
      running += 1
      most = Math.max(most, running)
      await new Promise<void>((resolve) => gates.push(resolve))
      running -= 1
    },
  })
  queue.add('acme/a')
  await new Promise(setImmediate)
  queue.add('acme/a')
  queue.add('acme/a')
  await new Promise(setImmediate)
  expect(gates).toHaveLength(1)
  gates.shift()?.()
  await new Promise(setImmediate)
  gates.shift()?.()
  await queue.idle()
  expect(most).toBe(1)
})

test("a tenant with a thousand keys delays another tenant's key by one turn", async () => {
  const seen: string[] = []
  const { queue } = queueOf({ reconcile: (key) => Promise.resolve(void seen.push(key)) })
  for (let i = 0; i < 1_000; i++) queue.add(`noisy/${i}`)
  queue.add('quiet/1')
  queue.add('quiet/2')
  await queue.idle()
  expect(seen.indexOf('quiet/1')).toBeLessThanOrEqual(2)
  expect(seen.indexOf('quiet/2')).toBeLessThanOrEqual(4)
})

test('a failing key comes back after 1 s, 2 s, 4 s … and never later than 5 minutes', async () => {
  const atMs: number[] = []
  const { queue, clock } = queueOf({
    reconcile: () => {
      atMs.push(clock.now())
      return Promise.reject(new Error('no'))
    },
  })
  queue.add('acme/a')
  await queue.idle()
  await clock.advance(3_600_000)
  const gaps = atMs.slice(1).map((ms, i) => ms - (atMs[i] ?? 0))
  expect(gaps.slice(0, 4)).toEqual([1_000, 2_000, 4_000, 8_000])
  expect(Math.max(...gaps)).toBe(300_000)
})

test('one success makes the back-off start afresh', async () => {
  let calls = 0
  const { queue, clock } = queueOf({
    reconcile: () => {
      calls += 1
      return calls === 3 ? Promise.resolve() : Promise.reject(new Error('no'))
    },
  })
  queue.add('a')
  await clock.advance(3_000)
  expect(calls).toBe(3)
  queue.add('a')
  await clock.advance(999)
  expect(calls).toBe(4)
  await clock.advance(1)
  expect(calls).toBe(5)
})

test('F-37 a reconcile that fails after a write of its own is not woken more than once a second by that write', async () => {
  let calls = 0
  const { queue, clock } = queueOf({
    reconcile: (key) => {
      calls += 1
      queue.add(key)
      return Promise.reject(new Error('status cannot be written'))
    },
  })
  queue.add('a')
  await clock.advance(60_000)
  expect(calls).toBeGreaterThan(10)
  expect(calls).toBeLessThanOrEqual(61)
})

test('a user who mends an object need not wait for the end of a long back-off', async () => {
  let isBroken = true
  let calls = 0
  const { queue, clock } = queueOf({
    reconcile: () => {
      calls += 1
      return isBroken ? Promise.reject(new Error('no')) : Promise.resolve()
    },
  })
  queue.add('a')
  await clock.advance(600_000)
  isBroken = false
  const before = calls
  queue.add('a')
  await clock.advance(1_000)
  expect(calls).toBe(before + 1)
})

test('what a reconcile asked for comes, and is replaced by what the next one asks for', async () => {
  const atMs: number[] = []
  const { queue, clock } = queueOf({
    reconcile: () => {
      atMs.push(clock.now())
      return Promise.resolve({ requeueAfterMs: 10_000 })
    },
  })
  const start = clock.now()
  queue.add('a')
  await clock.advance(5_000)
  queue.add('a')
  await clock.advance(14_999)
  expect(atMs.map((ms) => ms - start)).toEqual([0, 5_000, 15_000])
})

test('an addAfter is kept although the key is reconciled before, and the earlier of two wins', async () => {
  const atMs: number[] = []
  const { queue, clock } = queueOf({ reconcile: () => Promise.resolve(void atMs.push(clock.now())) })
  const start = clock.now()
  queue.addAfter('a', 30_000)
  queue.addAfter('a', 10_000)
  queue.addAfter('a', 20_000)
  queue.add('a')
  await clock.advance(60_000)
  expect(atMs.map((ms) => ms - start)).toEqual([0, 10_000])
})

test('stop waits for what runs, takes nothing more, and aborts it after the grace', async () => {
  const seen: string[] = []
  const { queue, clock } = queueOf({
    reconcile: async (key, signal) => {
      seen.push(key)
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
      seen.push('aborted')
    },
  })
  queue.add('a')
  queue.add('b')
  await new Promise(setImmediate)
  const stopped = queue.stop(5_000)
  queue.add('c')
  await clock.advance(4_999)
  expect(seen).toEqual(['a'])
  await clock.advance(1)
  await stopped
  expect(seen).toEqual(['a', 'aborted'])
})

test('a fault is logged with the key, its group and how often it failed', async () => {
  const lines: string[] = []
  const logger = createLogger({ name: 't', level: 'info', destination: { write: (line) => lines.push(line) } })
  const { queue } = queueOf({ logger, reconcile: () => Promise.reject(new Error('Keycloak answered 503')) })
  queue.add('acme/a')
  await queue.idle()
  expect(lines).toHaveLength(1)
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    msg: 'reconcile failed',
    key: 'acme/a',
    group: 'acme',
    failures: 1,
    err: { message: 'Keycloak answered 503' },
  })
})

test('whatever is added, fails or is slow: each key is reconciled after its last add, and never twice at once', async () => {
  const step = fc.record({
    key: fc.constantFrom('a/1', 'a/2', 'b/1', 'c/1', '__proto__/constructor'),
    delayMs: fc.constantFrom(0, 0, 1, 500, 70_000),
    thenMs: fc.constantFrom(0, 1, 3, 2_000),
  })
  const work = fc.record({ fails: fc.boolean(), takesMs: fc.constantFrom(0, 1, 5, 1_500) })
  const run = async (
    steps: readonly { key: string; delayMs: number; thenMs: number }[],
    works: readonly { fails: boolean; takesMs: number }[],
    concurrency: number,
  ): Promise<void> => {
    const running = new Set<string>()
    const startedMs = new Map<string, number>()
    const due = new Map<string, number>()
    let calls = 0
    const { queue, clock } = queueOf({
      concurrency,
      reconcile: async (key) => {
        expect(running.has(key)).toBe(false)
        expect(running.size).toBeLessThan(concurrency)
        running.add(key)
        startedMs.set(key, clock.now())
        const { fails, takesMs } = works[calls++] ?? { fails: false, takesMs: 0 }
        if (takesMs > 0) await clock.sleep(takesMs)
        running.delete(key)
        if (fails) throw new Error('no')
      },
    })
    for (const { key, delayMs, thenMs } of steps) {
      queue.addAfter(key, delayMs)
      due.set(key, Math.max(due.get(key) ?? 0, clock.now()))
      if (thenMs > 0) await clock.advance(thenMs)
    }
    await clock.advance(3_600_000)
    for (const [key, addedMs] of due) expect(startedMs.get(key) ?? -1).toBeGreaterThanOrEqual(addedMs)
    expect(queue.size).toBe(0)
  }
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 15 }),
      fc.array(work, { maxLength: 20 }),
      fc.integer({ min: 1, max: 3 }),
      run,
    ),
    { numRuns: 150 },
  )
}, 60_000)

test('how long keys wait for a worker is counted, and what is delayed does not wait', async () => {
  const metrics = createMetrics()
  const { queue, clock } = queueOf({ metrics, name: 'q', reconcile: () => clock.sleep(2_000) })
  queue.add('a')
  queue.add('b')
  queue.addAfter('c', 60_000)
  await clock.advance(120_000)
  const text = await metrics.text()
  expect(text).toContain('bulkhead_queue_wait_seconds_count{queue="q"} 3')
  expect(text).toContain('bulkhead_queue_wait_seconds_sum{queue="q"} 2')
})

test('slow keys leave room for the others, keep their order, and all have their turn', async () => {
  const seen: string[] = []
  const { queue, clock } = queueOf({
    concurrency: 3,
    slow: { isSlow: (key) => key.startsWith('new-'), most: 2 },
    reconcile: async (key) => {
      seen.push(key)
      await clock.sleep(key.startsWith('new-') ? 60_000 : 10)
    },
  })
  for (let index = 0; index < 5; index++) queue.add(`new-${index}`)
  await clock.advance(1_000)
  expect(seen).toEqual(['new-0', 'new-1'])
  queue.add('known')
  queue.add('other')
  await clock.advance(20)
  expect(seen.slice(2)).toEqual(['known', 'other'])
  await clock.advance(180_000)
  expect(seen.slice(4)).toEqual(['new-2', 'new-3', 'new-4'])
  expect(queue.size).toBe(0)
})
