import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { PortName } from './ports.ts'
import { portNames } from './ports.ts'
import type { State } from './state.ts'
import { parseState, readState, writeState } from './state.ts'

const numbers = Object.fromEntries(portNames.map((name, index) => [name, 20_000 + index])) as Record<PortName, number>
const state: State = {
  version: 1,
  instance: 'default',
  ports: numbers,
  chosen: ['etcd', 'postgres'],
  parts: { etcd: { pid: 7, startTicks: '99', bootId: 'b', startedAt: '2026-01-01T00:00:00Z' } },
}

async function tempFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bulkhead-state-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return folder
}

test('what is written is read back, and only its owner may read it', async () => {
  const file = join(await tempFolder(), 'state.json')
  writeState(file, state)
  expect(await readState(file)).toEqual(state)
  expect((await stat(file)).mode & 0o077).toBe(0)
})

test('an instance that was never started has no state', async () => {
  expect(await readState(join(await tempFolder(), 'state.json'))).toBeUndefined()
})

test('what an older checkout wrote is read, so that its processes can be stopped', () => {
  const { edge: _edge, ...ports } = state.ports
  expect(parseState(JSON.stringify({ ...state, ports }), '/x').parts).toEqual(state.parts)
})

test.each([
  ['not JSON', '{'],
  ['another version', JSON.stringify({ ...state, version: 2 })],
  [
    'a pid that could stand for a whole group',
    JSON.stringify({ ...state, parts: { etcd: { ...state.parts.etcd, pid: -1 } } }),
  ],
  ['a part that is none of ours', JSON.stringify({ ...state, parts: { sshd: state.parts.etcd } })],
])('a file with %s is refused by its name', (_title, text) => {
  expect(() => parseState(text, '/x/state.json')).toThrow('Cannot read "/x/state.json"')
})
