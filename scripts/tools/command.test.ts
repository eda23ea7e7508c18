import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { commandText, lastLines, runCommand } from './command.ts'

const folder = mkdtempSync(join(tmpdir(), 'bulkhead-command-'))
afterAll(() => rmSync(folder, { recursive: true }))

// A busy machine may start a shell later than within the second that is the default.
const patiently = { timeout: 20_000 }

function surroundings(name: string) {
  const stop = new AbortController()
  return { logFile: join(folder, name), environment: process.env, signal: stop.signal, stop }
}

test('a command is written so that it can be pasted into a shell', () =>
  expect(commandText({ file: 'go', args: ['build', '-ldflags', '-s -w', './x'] })).toBe(
    "go build -ldflags '-s -w' ./x",
  ))

test('the last lines of a short text are all of it', () => expect(lastLines('a\nb\n', 15)).toEqual(['a', 'b']))

test('what a command says, on both streams, is in the log', async () => {
  const around = surroundings('both.log')
  await runCommand({ file: 'sh', args: ['-c', 'echo out; echo err >&2'] }, around)
  expect(readFileSync(around.logFile, 'utf8')).toContain('out\nerr\n')
})

test('a failing command is named with its code', async () => {
  await expect(runCommand({ file: 'sh', args: ['-c', 'exit 3'] }, surroundings('code.log'))).rejects.toThrow(
    "`sh -c 'exit 3'` ended with code 3",
  )
})

test('a command that is not there is named', async () => {
  await expect(runCommand({ file: 'no-such-program', args: [] }, surroundings('none.log'))).rejects.toThrow(
    '`no-such-program` cannot be run',
  )
})

test('when told to stop, what the command started ends with it', { timeout: 60_000 }, async () => {
  const around = surroundings('stop.log')
  // The child of the shell would write after its parent's end if only the parent were ended.
  const running = runCommand({ file: 'sh', args: ['-c', 'sleep 30 & echo child $!; wait'] }, around)
  await expect.poll(() => readFileSync(around.logFile, 'utf8'), patiently).toMatch(/child \d+\n/)
  const pid = Number(/child (\d+)/.exec(readFileSync(around.logFile, 'utf8'))?.[1])
  around.stop.abort()
  await expect(running).rejects.toThrow('stopped')
  await expect.poll(() => hasEnded(pid), patiently).toBe(true)
})

/** A process that nobody has collected yet has ended too. */
function hasEnded(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.startsWith('Z') === true
  } catch {
    return true
  }
}
