import { TestClock } from '@bulkhead/runtime/testing'
import { expect, test } from 'vitest'
import { Pacer } from './pacer.ts'

function start() {
  const clock = new TestClock(0)
  const runs: string[] = []
  const pacer = new Pacer({
    clock,
    schedule: (key, delayMs) => runs.push(`${key} ${clock.now() + delayMs}`),
    mergeMs: 100,
    burst: 3,
    refillMs: 1000,
  })
  const run = (key: string): void => {
    pacer.started(key)
    pacer.published(key)
  }
  return { clock, runs, pacer, run }
}

test('a first change runs at once, what follows within 100 ms runs together at the end of it', async () => {
  const { clock, runs, pacer, run } = start()
  pacer.request('acme', 'objects')
  run('acme')
  await clock.advance(10)
  pacer.request('acme', 'objects')
  await clock.advance(50)
  pacer.request('acme', 'endpoints')
  expect(runs).toEqual(['acme 0', 'acme 100'])
})

test('a noisy tenant delays nobody else', async () => {
  const { clock, runs, pacer, run } = start()
  pacer.request('acme', 'objects')
  run('acme')
  await clock.advance(10)
  pacer.request('acme', 'objects')
  pacer.request('globex', 'objects')
  expect(runs.at(-1)).toBe('globex 10')
})

test('a tenant that edits in a loop publishes three times, then once a second', async () => {
  const { clock, runs, pacer, run } = start()
  for (let edit = 0; edit < 40; edit += 1) {
    const planned = runs.length
    pacer.request('acme', 'objects')
    const due = Number(runs.at(-1)?.split(' ')[1])
    if (runs.length > planned) {
      await clock.advance(due - clock.now())
      run('acme')
    }
    if (clock.now() >= 4_000) break
  }
  expect(runs).toEqual(['acme 0', 'acme 100', 'acme 200', 'acme 1000', 'acme 2000', 'acme 3000', 'acme 4000'])
})

test('endpoints that move do not wait for a tenant that edits in a loop', async () => {
  const { clock, runs, pacer, run } = start()
  for (let edit = 0; edit < 3; edit += 1) {
    pacer.request('acme', 'objects')
    await clock.advance(100)
    run('acme')
  }
  await clock.advance(100)
  pacer.request('acme', 'objects')
  pacer.request('acme', 'endpoints')
  expect(runs.slice(-2)).toEqual(['acme 1000', 'acme 400'])
})

test('runs that publish nothing cost nothing', async () => {
  const { clock, runs, pacer } = start()
  for (let edit = 0; edit < 9; edit += 1) {
    pacer.request('acme', 'objects')
    pacer.started('acme')
    await clock.advance(100)
  }
  expect(runs.at(-1)).toBe('acme 800')
})
