import { expect, test } from 'vitest'
import { unprivilegedCommand, userOf } from './unprivileged.ts'

const command = { file: '/pg/postgres', args: ['-D', '/data'] }

test('an ordinary user runs the program itself', () => {
  expect(unprivilegedCommand(command, { kind: 'as we are' })).toEqual(command)
})

test('root runs it as nobody in a namespace, and the process is the program itself', () => {
  expect(unprivilegedCommand(command, { kind: 'namespace' })).toEqual({
    file: 'unshare',
    args: ['--user', '--map-user=65534', '--map-group=65534', '--', '/pg/postgres', '-D', '/data'],
  })
})

test('without namespaces root runs it as another user', () => {
  expect(unprivilegedCommand(command, { kind: 'user', uid: 101, gid: 104 }).user).toEqual({ uid: 101, gid: 104 })
})

test.each([
  ['root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false', { uid: 65_534, gid: 65_534 }],
  ['nobody:x:65534:65534::/:/x\npostgres:x:101:104::/:/x', { uid: 101, gid: 104 }],
])('the user of %j is found', (passwd, user) => {
  expect(userOf(passwd)).toEqual(user)
})

test('a machine without an unprivileged user is told what to do', () => {
  expect(() => userOf('root:x:0:0::/root:/bin/sh')).toThrow('run as an ordinary user')
})
