import { expect, test, vi } from 'vitest'
import { play } from './story.ts'

test.each([
  ['the status and the backend of the story are as told', 200, 'acme', true],
  ['another status is not', 403, 'acme', false],
  ["another organisation's backend is not", 200, 'globex', false],
])('%s', async (_title, status, backend, isAsTold) => {
  vi.spyOn(console, 'log').mockImplementation(() => undefined)
  const send = () => Promise.resolve({ status, headers: { 'x-backend': backend } })
  expect(await play({ title: 't', expected: 200, servedBy: 'acme', because: 'b', send })).toBe(isAsTold)
})
