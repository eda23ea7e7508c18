import { expect, test } from 'vitest'
import { serverProblems } from './server.ts'

const fit = {
  ...{ version: 170_001, versionText: '17.1', database: 'bulkhead', user: 'op' },
  ...{ canCreateRoles: true, ownsDatabase: true, isSuperuser: false },
}

test('the oldest server that will do is used, and a newer one', () => {
  expect(serverProblems(fit)).toEqual([])
  expect(serverProblems({ ...fit, version: 180_004, versionText: '18.4' })).toEqual([])
})

test.each([
  ['S-167 a server whose holes are not mended', { version: 170_000, versionText: '17.0' }, '17.1 is the oldest'],
  ['an older server', { version: 160_009, versionText: '16.9' }, 'it is Postgres 16.9'],
  ['a superuser', { isSuperuser: true }, 'is a superuser'],
  ['a role that makes no roles', { canCreateRoles: false }, 'ALTER ROLE "op" CREATEROLE'],
  ['a role that does not own the database', { ownsDatabase: false }, 'ALTER DATABASE "bulkhead" OWNER TO "op"'],
])('%s is refused, with what to do', (_title, change, words) => {
  const problems = serverProblems({ ...fit, ...change })
  expect(problems).toHaveLength(1)
  expect(problems[0]).toContain(words)
})
