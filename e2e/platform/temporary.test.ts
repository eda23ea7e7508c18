import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { makeTemporaryFolder } from './temporary.ts'

async function parentFolder(): Promise<string> {
  const parent = await mkdtemp(join(tmpdir(), 'bulkhead-temporary-'))
  onTestFinished(() => rm(parent, { recursive: true }))
  return parent
}

test('a folder that nobody holds is taken down and removed, one that is held or of another kind stays', async () => {
  const parent = await parentFolder()
  await mkdir(join(parent, 'bench-abandoned'))
  await mkdir(join(parent, 'other'))
  const takenDown: string[] = []
  const kind = {
    prefix: 'bench-',
    parent,
    takeDown: (dir: string) => Promise.resolve(void takenDown.push(basename(dir))),
  }
  const first = await makeTemporaryFolder(kind)
  const second = await makeTemporaryFolder(kind)
  expect(takenDown).toEqual(['bench-abandoned'])
  expect((await readdir(parent)).toSorted()).toEqual([basename(first.dir), basename(second.dir), 'other'].toSorted())
  await Promise.all([first.remove(), second.remove()])
  expect(await readdir(parent)).toEqual(['other'])
})
