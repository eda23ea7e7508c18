import { TestClock } from '@bulkhead/runtime/testing'
import pg from 'pg'
import { expect, test } from 'vitest'
import { DatabaseAway, isAway, restAfterFailure } from './away.ts'
import type { Database } from './database.ts'

const signal = new AbortController().signal
const coded = (code: string): Error => Object.assign(new Error('x'), { code })
const fromServer = (code: string): Error => Object.assign(new pg.DatabaseError('x', 1, 'error'), { code })

test.each([
  ['a refused connection', coded('ECONNREFUSED'), true],
  ['a host that is not found', coded('ENOTFOUND'), true],
  ['a time-out', new Error('timeout exceeded when trying to connect'), true],
  ['a cut connection', new Error('Connection terminated unexpectedly'), true],
  ['a server that shuts down', fromServer('57P01'), true],
  ['a server without a free connection', fromServer('53300'), true],
  ['a broken rule', fromServer('23505'), false],
  ['a lock that was not had in time', fromServer('55P03'), false],
  ['a fault of our own', new Error('Cannot create schema'), false],
])('%s is, or is not, the server that is away', (_title, error, expected) => {
  expect(isAway(error)).toBe(expected)
})

test('after a failure nobody waits; when the rest is over one tries, and success opens it for all', async () => {
  const clock = new TestClock()
  let asked = 0
  let answer: () => Promise<void> = () => Promise.reject(coded('ECONNREFUSED'))
  const read = async (): Promise<never> => {
    asked += 1
    await answer()
    return undefined as never
  }
  const server: Database = {
    read,
    transaction: read,
    refusesPassword: () => Promise.resolve(false),
    close: () => Promise.resolve(),
  }
  const database = restAfterFailure(server, { name: 'second', clock, restMs: 1000 })
  const ask = () => database.read('look', signal, () => Promise.resolve())
  await expect(ask()).rejects.toThrow('x')
  await expect(ask()).rejects.toThrow('Cannot use Postgres "second": it did not answer a moment ago')
  expect(asked).toBe(1)
  await clock.advance(1000)
  const first = Promise.withResolvers<undefined>()
  answer = () => first.promise
  const trial = ask()
  await expect(ask()).rejects.toThrow(DatabaseAway)
  expect(asked).toBe(2)
  first.resolve(undefined)
  await trial
  answer = () => Promise.resolve()
  await Promise.all([ask(), ask()])
  expect(asked).toBe(4)
})

test('a server that swallows a question holds its first callers for a while, and nobody after them', async () => {
  const clock = new TestClock()
  let asked = 0
  const read = (): Promise<never> => {
    asked += 1
    return new Promise(() => undefined)
  }
  const server: Database = {
    read,
    transaction: read,
    refusesPassword: () => Promise.resolve(false),
    close: () => Promise.resolve(),
  }
  const database = restAfterFailure(server, { name: 'second', clock, restMs: 1000, patienceMs: 2000 })
  const ask = () => database.read('look', signal, () => Promise.resolve())
  const first = [ask(), ask()].map((one) => one.catch(String))
  await clock.advance(2000)
  expect(await Promise.all(first)).toEqual(
    Array(2).fill('DatabaseAway: Cannot use Postgres "second": it has not answered for 2 seconds'),
  )
  await expect(ask()).rejects.toThrow('it did not answer a moment ago')
  expect(asked).toBe(2)
  // What was answered in time leaves no clock running.
  expect(clock.sleeping).toBe(0)
})
