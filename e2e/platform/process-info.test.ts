import { expect, test } from 'vitest'
import { identifyProcess, isRunning, isSameProcess, parseStat } from './process-info.ts'

const line = (command: string, state = 'S', start = '4711'): string =>
  `42 (${command}) ${state} 1 42 42 0 -1 4194304 1 0 0 0 1 2 0 0 20 0 9 0 ${start} 1000 200 18446744073709551615`

test.each(['postgres', 'java (x) y', 'a) R 1 2 3'])('the start time is found behind the command %j', (command) => {
  expect(parseStat(line(command))).toEqual({ state: 'S', startTicks: '4711' })
})

test.each(['', '42', '42 (x) S 1 2', 'no brackets at all'])(
  'a line that is not a stat line is no process: %j',
  (text) => {
    expect(parseStat(text)).toBeUndefined()
  },
)

const recorded = { pid: 42, startTicks: '4711', bootId: 'boot-a' }

test.each([
  ['the recorded process is the one', 'boot-a', parseStat(line('x')), true],
  ['a number that was used again is somebody else', 'boot-a', parseStat(line('x', 'S', '4712')), false],
  ['the same ticks after a reboot are somebody else', 'boot-b', parseStat(line('x')), false],
  ['a zombie has ended', 'boot-a', parseStat(line('x', 'Z')), false],
  ['a missing process has ended', 'boot-a', undefined, false],
] as const)('%s', (_title, bootId, stat, same) => {
  expect(isSameProcess(recorded, bootId, stat)).toBe(same)
})

test('this very process is found running, and not under another start time', async () => {
  const self = await identifyProcess(process.pid)
  expect(self).toBeDefined()
  expect(await isRunning(self!)).toBe(true)
  expect(await isRunning({ ...self!, startTicks: '1' })).toBe(false)
})
