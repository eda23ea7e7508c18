import { expect, test } from 'vitest'
import { cacheKey } from './cache-key.ts'
import type { Part } from './pins.ts'

const part: Part = {
  name: 'etcd',
  version: '3.6.8',
  from: 'somewhere',
  why: 'a store',
  source: { kind: 'go', module: 'etcd', ldflags: '-s' },
  needs: ['go'],
  links: { 'bin/etcd': 'etcd' },
}
const sums = { name: 'go.sum', content: 'a h1:1' }
const program = { name: 'main.go', content: 'package main' }
const key = cacheKey(part, [sums, program], 'linux-x64')

test('the key carries the name of the part, so that a person finds its folder', () =>
  expect(key).toMatch(/^etcd-[0-9a-f]{12}$/))

test('the order in which inputs are read makes no difference', () =>
  expect(cacheKey(part, [program, sums], 'linux-x64')).toBe(key))

test('words for people make no difference', () =>
  expect(cacheKey({ ...part, why: 'another reason', from: 'elsewhere' }, [sums, program], 'linux-x64')).toBe(key))

test.each([
  ['another version', cacheKey({ ...part, version: '3.6.9' }, [sums, program], 'linux-x64')],
  ['another machine type', cacheKey(part, [sums, program], 'linux-arm64')],
  ['another checksum file', cacheKey(part, [{ ...sums, content: 'a h1:2' }, program], 'linux-x64')],
  [
    'another linker flag',
    cacheKey(
      { ...part, source: { ...part.source, kind: 'go', module: 'etcd', ldflags: '' } },
      [sums, program],
      'linux-x64',
    ),
  ],
  ['a file less', cacheKey(part, [sums], 'linux-x64')],
  [
    'a border moved between name and content',
    cacheKey(part, [{ name: 'go.suma', content: ' h1:1' }, program], 'linux-x64'),
  ],
])('%s gives another key', (_title, other) => expect(other).not.toBe(key))
