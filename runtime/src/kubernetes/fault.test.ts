import { expect, test } from 'vitest'
import { KubeFault, isAlreadyExists, isConflict, isNotFound } from './fault.ts'

const fault = (status: number, reason: string) => new KubeFault('GET /x', { status, reason, detail: '' })

test.each([
  ['NotFound', 404, isNotFound],
  ['Conflict', 409, isConflict],
  ['AlreadyExists', 409, isAlreadyExists],
] as const)("only the API server's own word says %s: a proxy's page with %i does not", (reason, status, is) => {
  expect(is(fault(status, reason))).toBe(true)
  expect(is(fault(status, ''))).toBe(false)
  expect(is(fault(500, ''))).toBe(false)
})
