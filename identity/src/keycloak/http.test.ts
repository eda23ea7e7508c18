import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addressOf } from './http.ts'

const url = 'http://keycloak.test/auth/'

test.each([
  ['../master', '..%2Fmaster'],
  ['a/b', 'a%2Fb'],
  ['a%2fb', 'a%252fb'],
  ['a?b#c', 'a%3Fb%23c'],
])('S-172 the realm name %j stays one segment of the path', (name, encoded) => {
  expect(addressOf(url, { path: ['admin', 'realms', name] })).toBe(`http://keycloak.test/auth/admin/realms/${encoded}`)
})

test.each(['', '.', '..'])('S-172 the segment %j is refused', (segment) => {
  expect(() => addressOf(url, { path: ['admin', segment] })).toThrow('is no path segment')
})

test('S-172 no name leads out of its realm', () => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 1 }).filter((name) => name !== '.' && name !== '..' && name.isWellFormed()),
      (name) => {
        const { pathname } = new URL(addressOf(url, { path: ['admin', 'realms', name, 'users'] }))
        expect(pathname.split('/')).toHaveLength(6)
        expect(decodeURIComponent(pathname.split('/')[4] ?? '')).toBe(name)
      },
    ),
  )
})
