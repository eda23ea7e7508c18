import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { withLock } from './lock.ts'

const folder = mkdtempSync(join(tmpdir(), 'bulkhead-lock-'))
afterAll(() => rmSync(folder, { recursive: true }))
const never = new AbortController().signal

test('two runs at once take turns, and no lock is left behind', async () => {
  const path = join(folder, 'turns')
  const seen: string[] = []
  const first = Promise.withResolvers<undefined>()
  const holding = withLock(path, { signal: never, onWait: () => seen.push('first waits') }, async () => {
    seen.push('first in')
    await first.promise
    seen.push('first out')
  })
  const onWait = (pid: number): void => {
    seen.push(`second waits for ${pid === process.pid ? 'us' : pid}`)
    first.resolve(undefined)
  }
  await withLock(path, { signal: never, onWait }, () => Promise.resolve(seen.push('second in')))
  await holding
  expect(seen).toEqual(['first in', 'second waits for us', 'first out', 'second in'])
  expect(existsSync(path)).toBe(false)
})

test('the lock of a run that died is taken over at once', async () => {
  const path = join(folder, 'dead')
  const dead = spawnSync('true').pid
  writeFileSync(path, String(dead))
  const onWait = (): never => expect.fail('there is nobody to wait for')
  await expect(withLock(path, { signal: never, onWait }, () => Promise.resolve('in'))).resolves.toBe('in')
})

test('a lock that nobody has touched for minutes is dead, even when its pid lives on as something else', async () => {
  const path = join(folder, 'reused')
  writeFileSync(path, String(process.pid))
  const longAgo = new Date(Date.now() - 300_000)
  utimesSync(path, longAgo, longAgo)
  const onWait = (): never => expect.fail('there is nobody to wait for')
  await expect(withLock(path, { signal: never, onWait }, () => Promise.resolve('in'))).resolves.toBe('in')
})

test('waiting for a lock ends when told to stop', async () => {
  const path = join(folder, 'stopped')
  writeFileSync(path, String(process.pid))
  const stop = new AbortController()
  const waiting = withLock(path, { signal: stop.signal, onWait: () => stop.abort() }, () => Promise.resolve('in'))
  await expect(waiting).rejects.toThrow()
})
