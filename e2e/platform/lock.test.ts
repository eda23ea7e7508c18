import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { tryLock, withLock } from './lock.ts'

const nameOf = (title: string): string => `/test/${process.pid}/${title}`

test('while one command works on an instance, another is refused, and afterwards it is not', async () => {
  const dir = nameOf('turns')
  await withLock(dir, async () => {
    await expect(withLock(dir, () => Promise.resolve())).rejects.toThrow('Another command works on')
    await expect(withLock(nameOf('other'), () => Promise.resolve('in'))).resolves.toBe('in')
  })
  await expect(withLock(dir, () => Promise.resolve('in'))).resolves.toBe('in')
})

test('of many who ask at once, one gets it', async () => {
  const locks = await Promise.all(Array.from({ length: 20 }, () => tryLock(nameOf('many'))))
  const held = locks.filter((lock) => lock !== undefined)
  expect(held).toHaveLength(1)
  await held[0]?.release()
})

test('the lock of a process that was killed is free', async () => {
  const name = nameOf('killed')
  const script = `const { tryLock } = await import('./lock.ts'); await tryLock(${JSON.stringify(name)})
    console.log('held'); setInterval(() => {}, 1000)`
  const holder = spawn(process.execPath, ['--input-type=module', '-e', script], { cwd: import.meta.dirname })
  await once(holder.stdout, 'data')
  expect(await tryLock(name)).toBeUndefined()
  holder.kill('SIGKILL')
  await once(holder, 'exit')
  const lock = await tryLock(name)
  expect(lock).toBeDefined()
  await lock?.release()
})
