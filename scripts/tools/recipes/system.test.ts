import { expect, test } from 'vitest'
import { findOnPath, packagesToInstall } from './system.ts'

test('only the packages that would be new are taken, not those that are there', () => {
  const simulation = `Reading package lists...
The following NEW packages will be installed:
  libjemalloc2 redis-server
Inst libjemalloc2 (5.3.0-1 Debian:12 [amd64])
Inst redis-server (5:7.0.15 Debian:12 [amd64])
Conf redis-server (5:7.0.15 Debian:12 [amd64])`
  expect(packagesToInstall(simulation)).toEqual(['libjemalloc2', 'redis-server'])
})

test('an empty entry of PATH is not the working folder', () => expect(findOnPath('package.json', '::')).toBeUndefined())

test('a file that cannot be executed is not a program', () =>
  expect(findOnPath('system.test.ts', import.meta.dirname)).toBeUndefined())
