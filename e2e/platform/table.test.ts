import { expect, test } from 'vitest'
import type { PartState } from './table.ts'
import { isHealthy, tableText } from './table.ts'

const etcd: PartState = {
  name: 'etcd',
  version: '3.5.30',
  pid: 4711,
  port: 20_001,
  state: 'ready',
  memoryBytes: 52_428_800,
  detail: '',
}
const envoy: PartState = {
  ...etcd,
  name: 'envoy-0',
  version: '1.40.0',
  pid: undefined,
  state: 'died',
  memoryBytes: 0,
  detail: '',
}

test('the table lines up and sums the memory', () => {
  expect(tableText([etcd, envoy])).toBe(
    [
      'PART     VERSION  PID   PORT   MEMORY  STATE',
      'etcd     3.5.30   4711  20001  50 MB   ready',
      'envoy-0  1.40.0   -     20001  -       died',
      'total                          50 MB',
    ].join('\n'),
  )
})

test('a part that is not ready says why', () => {
  expect(tableText([{ ...etcd, state: 'running', detail: 'answered 503' }])).toContain('running: answered 503')
})

test.each([
  ['every part is ready', [etcd], true],
  ['one part died', [etcd, envoy], false],
  ['there is no part at all', [], false],
] as const)('health when %s', (_title, parts, healthy) => {
  expect(isHealthy(parts)).toBe(healthy)
})
