import { expect, test } from 'vitest'
import { parseRequest } from './options.ts'

test('up takes the default instance below the checkout', () => {
  expect(parseRequest(['up'], '/src')).toEqual({ kind: 'up', instance: 'default', dir: '/src/.run/default' })
})

test('an instance and a folder of its own are taken in both spellings', () => {
  const expected = { kind: 'down', instance: 'two', dir: '/tmp/two', wipe: true }
  expect(parseRequest(['down', '--instance', 'two', '--dir', '/tmp/two', '--wipe'], '/src')).toEqual(expected)
  expect(parseRequest(['down', '--instance=two', '--dir=/tmp/two', '--wipe'], '/src')).toEqual(expected)
})

test('up can be asked for some parts only', () => {
  const expected = { kind: 'up', instance: 'default', dir: '/src/.run/default', parts: ['etcd', 'redis'] }
  expect(parseRequest(['up', '--parts', 'etcd,redis'], '/src')).toEqual(expected)
})

test('a part that does not exist is refused with those that do', () => {
  const refused = parseRequest(['up', '--parts', 'etcd,zookeeper'], '/src')
  expect(refused).toHaveProperty('message', expect.stringContaining('Wrong value "zookeeper" for --parts: allowed are'))
  expect(refused).toHaveProperty('message', expect.stringContaining('kube-apiserver, kube-controller-manager'))
})

test.each([
  [['upp'], 'Unknown command "upp": allowed are up, down, status'],
  [['up', '--jsn'], 'Unknown option "--jsn" of up: allowed are --instance, --dir, --parts'],
  [['status', '--json=yes'], 'Wrong value "yes" for --json: it takes none'],
  [['up', '--instance'], 'Missing value for --instance'],
  [['up', '--dir='], 'Missing value for --dir'],
  [
    ['up', '--instance', '../x'],
    'Wrong value "../x" for --instance: allowed are 1 to 40 of a-z, 0-9 and -, not - first',
  ],
])('%j is refused with what is allowed', (words, message) => {
  expect(parseRequest(words, '/src')).toEqual({ kind: 'wrong', message })
})

test.each([[[]], [['--help']], [['up', '--help']]])('%j shows the usage', (words) => {
  expect(parseRequest(words, '/src')).toEqual({ kind: 'help' })
})
