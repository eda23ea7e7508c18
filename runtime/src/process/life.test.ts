import { EventEmitter } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createLogger, silentLogger } from '../logger.ts'
import { createTestAuthority } from '../testing/certificates.ts'
import { TestClock } from '../testing/test-clock.ts'
import { advanceUntil, advanceWithIo } from '../testing/until.ts'
import { ConfigProblem } from './config.ts'
import { readSecretFile } from './option.ts'
import { onShutdown } from './shutdown.ts'
import { supervise } from './supervise.ts'
import { certificatePair, watchFiles } from './watch-files.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulkhead-life-'))
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

test('the first signal asks, the second ends the process at once', () => {
  const exits: number[] = []
  const source = Object.assign(new EventEmitter(), { exit: (code: number) => void exits.push(code) })
  const signal = onShutdown(source)
  source.emit('SIGTERM')
  expect(signal.aborted).toBe(true)
  expect(exits).toEqual([])
  source.emit('SIGINT')
  expect(exits).toEqual([1])
})

test('a task that fails is started again, later each time, and each fault is logged once', async () => {
  const clock = new TestClock(0)
  const stop = new AbortController()
  const lines: string[] = []
  const startsMs: number[] = []
  const over = supervise(
    'feed',
    () => {
      startsMs.push(clock.now())
      return Promise.reject(new Error('no'))
    },
    {
      clock,
      signal: stop.signal,
      logger: createLogger({ name: 't', level: 'info', destination: { write: (line) => lines.push(line) } }),
      backoff: { baseMs: 1_000, maxMs: 4_000, random: () => 1 },
    },
  )
  await clock.advance(11_000)
  expect(startsMs).toEqual([0, 1_000, 3_000, 7_000, 11_000])
  expect(lines).toHaveLength(5)
  stop.abort(new Error('stop'))
  await over
})

test('a task that fails after a healthy minute is started again soon', async () => {
  const clock = new TestClock(0)
  const stop = new AbortController()
  let starts = 0
  const backoff = { baseMs: 1_000, maxMs: 60_000, random: () => 1 }
  const over = supervise(
    'feed',
    async (signal) => {
      starts += 1
      if (starts === 6) await clock.sleep(60_000, signal)
      throw new Error('no')
    },
    { clock, signal: stop.signal, logger: silentLogger, backoff },
  )
  await clock.advance(31_000 + 60_000 + 1_000)
  expect(starts).toBe(7)
  stop.abort(new Error('stop'))
  await over
})

test('the end of a supervised task by the signal is no fault', async () => {
  const clock = new TestClock()
  const stop = new AbortController()
  const lines: string[] = []
  const logger = createLogger({ name: 't', level: 'info', destination: { write: (line) => lines.push(line) } })
  const over = supervise('feed', (signal) => clock.sleep(1e9, signal), { clock, signal: stop.signal, logger })
  await clock.advance(1)
  stop.abort(new Error('stop'))
  await over
  expect(lines).toEqual([])
})

test('a secret file loses the line break at its end and nothing else', async () => {
  const path = join(folder, 'secret')
  await writeFile(path, ' pass word \n')
  expect((await readSecretFile('a.passwordFile', path)).reveal()).toBe(' pass word ')
})

test.each([
  ['is empty', '\n', 'the file is empty'],
  ['is far too long for one', 'x'.repeat(70_000), 'the file is too large'],
  ['is not there', undefined, 'ENOENT'],
])('a secret file that %s is a wrong option: its name, its value and what is allowed', async (_title, text, words) => {
  const path = join(folder, text === undefined ? 'missing' : 'secret')
  if (text !== undefined) await writeFile(path, text)
  const problem: unknown = await readSecretFile('a.passwordFile', path).catch((error: unknown) => error)
  expect(problem).toBeInstanceOf(ConfigProblem)
  expect(String(problem)).toContain(`Cannot use option "a.passwordFile" with ${JSON.stringify(path)}: ${words}`)
  expect(String(problem)).toContain('want the path of a readable file')
})

test('a new certificate is used when its key has come too; until then the last good pair stays', async () => {
  const authority = await createTestAuthority()
  const [first, second] = [await authority.issue({ commonName: 'a' }), await authority.issue({ commonName: 'b' })]
  const paths = [join(folder, 'tls.crt'), join(folder, 'tls.key')] as const
  await writeFile(paths[0], first.cert)
  await writeFile(paths[1], first.key)
  const clock = new TestClock()
  const stop = new AbortController()
  const seen: string[] = []
  const lines: string[] = []
  const files = await watchFiles({
    paths,
    load: certificatePair,
    onChange: (pair) => void seen.push(pair.cert),
    clock,
    logger: createLogger({ name: 't', level: 'info', destination: { write: (line) => lines.push(line) } }),
    signal: stop.signal,
    intervalMs: 10_000,
  })
  expect(files.initial.cert).toBe(first.cert)
  await writeFile(paths[0], second.cert)
  await advanceUntil(clock, () => lines.length === 1)
  await advanceWithIo(clock, 60_000)
  expect(lines).toHaveLength(1)
  expect(lines[0]).toContain('the private key does not belong to it')
  expect(lines.join('')).not.toContain('PRIVATE')
  expect(seen).toEqual([])
  await writeFile(paths[1], second.key)
  await advanceUntil(clock, () => seen.length === 1)
  expect(seen).toEqual([second.cert])
  stop.abort(new Error('stop'))
  await files.stopped
})
