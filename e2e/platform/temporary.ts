// Folders of platforms that live no longer than the command that makes them. Whoever makes one holds its lock, so that a
// folder whose lock is free was left behind by a command that was killed.
import { randomUUID } from 'node:crypto'
import { lstat, mkdir, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { tryLock } from './lock.ts'

/** A folder of one's own. */
export interface TemporaryFolder {
  readonly dir: string
  /** Takes down what runs there and removes the folder. */
  remove(): Promise<void>
}

/** How folders of one kind are made and unmade. */
export interface TemporaryKind {
  readonly prefix: string
  /** Stops everything that runs in a folder of this kind. */
  readonly takeDown: (dir: string) => Promise<void>
  readonly parent?: string
}

const ownerLock = (dir: string): string => `owner of ${dir}`

/** Makes a folder, and first takes down and removes those of this kind whose makers have ended without doing so. */
export async function makeTemporaryFolder(kind: TemporaryKind): Promise<TemporaryFolder> {
  const { prefix, takeDown, parent = tmpdir() } = kind
  for (const name of await readdir(parent)) {
    if (name.startsWith(prefix)) await removeAbandoned(join(parent, name), takeDown)
  }
  const dir = join(parent, `${prefix}${randomUUID().slice(0, 8)}`)
  // Before there is a folder, or another could take it for an abandoned one.
  const lock = await tryLock(ownerLock(dir))
  await mkdir(dir, { mode: 0o700 })
  return {
    dir,
    remove: async () => {
      await takeDown(dir)
      await rm(dir, { recursive: true, force: true })
      await lock?.release()
    },
  }
}

async function removeAbandoned(dir: string, takeDown: (dir: string) => Promise<void>): Promise<void> {
  const found = await lstat(dir).catch(() => undefined)
  if (found?.isDirectory() !== true || found.uid !== process.getuid?.()) return
  const lock = await tryLock(ownerLock(dir))
  if (lock === undefined) return
  await takeDown(dir)
  await rm(dir, { recursive: true, force: true })
  await lock.release()
}
