import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { wipePlatform } from './platform.ts'
import { writeState } from './state.ts'

async function folderWith(...names: readonly string[]): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'bulkhead-wipe-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  for (const name of names) await mkdir(join(dir, name))
  return dir
}

test('a folder in which nothing was ever started is refused and left as it is', async () => {
  const dir = await folderWith('data')
  await expect(wipePlatform(dir)).rejects.toThrow('no platform was started there')
  expect(await readdir(dir)).toEqual(['data'])
})

test('what a platform made is removed, what somebody else put beside it stays', async () => {
  const dir = await folderWith('data', 'logs')
  await writeFile(join(dir, 'notes.txt'), 'mine')
  writeState(join(dir, 'state.json'), { version: 1, instance: 'x', ports: {}, chosen: [], parts: {} })
  await wipePlatform(dir)
  expect(await readdir(dir)).toEqual(['notes.txt'])
})
