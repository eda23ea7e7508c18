import { expect, test } from 'vitest'
import { readArguments } from './arguments.ts'

const known = ['envoy', 'opa']

test('no words at all mean: build every part', () =>
  expect(readArguments([], known)).toEqual({ kind: 'run', mode: 'build', names: [] }))

test('named parts are built once each, however often they are named', () =>
  expect(readArguments(['opa', 'opa'], known)).toEqual({ kind: 'run', mode: 'build', names: ['opa'] }))

test.each(['check', 'list'] as const)('--%s asks without building', (mode) =>
  expect(readArguments([`--${mode}`, 'envoy'], known)).toEqual({ kind: 'run', mode, names: ['envoy'] }),
)

test.each([
  [['--force'], 'Cannot use option "--force": allowed are --check, --list, --help'],
  [['--check=yes'], 'Cannot use option "--check=yes": allowed are --check, --list, --help'],
  [['nginx'], 'Cannot use part "nginx": allowed are envoy, opa'],
  [['--check', '--list'], 'Cannot use option "--list" with "--check": allowed is one of them'],
])('%j is refused, and the message says what is allowed', (words, message) =>
  expect(readArguments(words, known)).toEqual({ kind: 'refused', message }),
)

test('asking for help wins over everything else', () =>
  expect(readArguments(['--help', '--force'], known)).toEqual({ kind: 'help' }))
