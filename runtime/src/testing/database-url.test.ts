import { expect, test } from 'vitest'
import { parseDatabaseUrl } from './database-url.ts'

test('every part of the address is taken as it was meant', () => {
  expect(parseDatabaseUrl('postgres://dba%20x:p%40ss%2Fw@db.test:6543/main')).toEqual({
    ...{ host: 'db.test', port: 6543, user: 'dba x', password: 'p@ss/w', database: 'main' },
  })
})

test('what is left out of the address has its usual value', () => {
  expect(parseDatabaseUrl('postgresql://[::1]')).toEqual({
    ...{ host: '::1', port: 5432, user: 'postgres', password: '', database: 'postgres' },
  })
})

test.each(['localhost:5432/x', 'mysql://u:secret@h/x', 'postgres://', 'postgres://u:secret@h/x?sslmode=require'])(
  '%s is refused, and nothing that may be a password is repeated',
  (url) => {
    expect(() => parseDatabaseUrl(url)).toThrow('Cannot use DATABASE_URL')
    expect(() => parseDatabaseUrl(url)).not.toThrow('secret')
  },
)
