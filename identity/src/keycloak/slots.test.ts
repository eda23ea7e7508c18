import { expect, test } from 'vitest'
import { createSlots } from './slots.ts'

const signal = new AbortController().signal

test('no more tasks run at once than there are slots, and all of them run', async () => {
  const slots = createSlots(2)
  const releases: (() => void)[] = []
  let running = 0
  let most = 0
  const tasks = Array.from({ length: 5 }, () =>
    slots.run(signal, async () => {
      running += 1
      most = Math.max(most, running)
      await new Promise<void>((resolve) => releases.push(resolve))
      running -= 1
    }),
  )
  for (let done = 0; done < 5; done += 1) {
    await new Promise((resolve) => setImmediate(resolve))
    releases.shift()?.()
  }
  await Promise.all(tasks)
  expect(most).toBe(2)
})

test('a task that fails gives its slot back', async () => {
  const slots = createSlots(1)
  await expect(slots.run(signal, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await slots.run(signal, () => Promise.resolve('next'))).toBe('next')
})

test('who waits and is told to stop leaves the queue', async () => {
  const slots = createSlots(1)
  let release = (): void => undefined
  const first = slots.run(signal, () => new Promise<void>((resolve) => (release = resolve)))
  const stopper = new AbortController()
  const second = slots.run(stopper.signal, () => Promise.resolve())
  stopper.abort(new Error('stopped'))
  await expect(second).rejects.toThrow('stopped')
  release()
  await first
  expect(await slots.run(signal, () => Promise.resolve('free'))).toBe('free')
})
