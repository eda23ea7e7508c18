import { expect, test } from 'vitest'
import { within } from './within.ts'

test('what comes in time is given, and its fault is its own', async () => {
  expect(await within(1000, 'the answer', Promise.resolve(42))).toBe(42)
  await expect(within(1000, 'the answer', Promise.reject(new Error('no')))).rejects.toThrow('no')
})

test('what does not come is named', async () => {
  const never = new Promise<void>(() => undefined)
  await expect(within(5, 'the end of the world', never)).rejects.toThrow('the end of the world is not over after 5 ms')
})
