import pg from 'pg'
import { expect, test } from 'vitest'
import { MigrationBusy, MigrationFailed, migrationFault } from './fault.ts'

function said(code: string, message: string): pg.DatabaseError {
  const error = new pg.DatabaseError(message, message.length, 'error')
  error.code = code
  return error
}

test('what a person must mend has the words of Postgres, and where they were said', () => {
  const fault = migrationFault(2, 3, said('42P07', 'relation "notes" already exists'))
  expect(fault).toBeInstanceOf(MigrationFailed)
  expect(fault).toMatchObject({
    version: 2,
    message: 'Cannot migrate to version 2: statement 3: relation "notes" already exists (42P07)',
  })
})

test.each([
  ['22P02', 'invalid input syntax for type integer: "secret"'],
  ['P0001', 'secret'],
])('words that may hold a value out of a row (%s) are not told', (code, message) => {
  const fault = migrationFault(2, 1, said(code, message))
  expect(fault).toBeInstanceOf(MigrationFailed)
  expect(String(fault)).not.toContain('secret')
})

test.each(['55P03', '40P01', '40001'])('%s passes by itself', (code) => {
  expect(migrationFault(2, 1, said(code, 'x'))).toBeInstanceOf(MigrationBusy)
})

test.each(['57P01', '53300', '53100', '08006', '25006'])("%s is the server's trouble, not the migration's", (code) => {
  const error = said(code, 'x')
  expect(migrationFault(2, 1, error)).toBe(error)
})

test('a connection that broke says nothing of the migration', () => {
  const error = new Error('Connection terminated unexpectedly')
  expect(migrationFault(2, 1, error)).toBe(error)
})
