import { expect, test } from 'vitest'
import { Interrupted, interruptible } from './interrupt.ts'

test('a signal aborts the work, and afterwards nobody listens any more', async () => {
  const before = process.listenerCount('SIGTERM')
  const work = interruptible(async (signal) => {
    process.emit('SIGTERM')
    signal.throwIfAborted()
    return Promise.resolve('done')
  })
  await expect(work).rejects.toBeInstanceOf(Interrupted)
  expect(process.listenerCount('SIGTERM')).toBe(before)
})
