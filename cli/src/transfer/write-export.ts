import { createWriteStream } from 'node:fs'
import { mkdtemp, open, readdir, realpath, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Refusal } from '../command.ts'
import { fileOf, manifestFile } from './manifest.ts'
import type { Manifest } from './manifest.ts'
import { Measure } from './measure.ts'
import type { Measured } from './measure.ts'

/** A folder that is filled beside the one that was asked for, and takes its place when everything is in it. */
export interface ExportFolder {
  write(table: string, rows: Readable, noted: (bytes: number) => void): Promise<Measured>
  /** Writes the manifest and gives the folder its name. */
  finish(manifest: Manifest): Promise<void>
  /** Removes what was written; after `finish` it does nothing. */
  discard(): Promise<void>
}

/** Throws a `Refusal` when the folder is there and holds something, or cannot be made. */
export async function openExportFolder(out: string): Promise<ExportFolder> {
  const place = await placeOf(out)
  const folder = await mkdtemp(`${place}.partial-`).catch((cause: unknown) => {
    throw new Refusal(`Cannot write into "${out}": ${textOf(cause)}`, { cause })
  })
  return {
    write: async (table, rows, noted) => {
      const measure = new Measure(noted)
      // Flushed: what says that it is whole is on the disk.
      const file = createWriteStream(join(folder, fileOf(table)), { flags: 'wx', mode: 0o600, flush: true })
      await pipeline(rows, (source: AsyncIterable<Buffer>) => measure.pass(source), file)
      return measure.result()
    },
    finish: async (manifest) => {
      const text = `${JSON.stringify(manifest, null, 2)}\n`
      await writeFile(join(folder, manifestFile), text, { flag: 'wx', mode: 0o600, flush: true })
      await rename(folder, place).catch((cause: unknown) => {
        const advice = 'give a folder that does not exist yet, below one that you may write into'
        throw new Refusal(`Cannot write into "${out}": ${textOf(cause)}; ${advice}`, { cause })
      })
      await flushFolder(dirname(place))
    },
    discard: () => rm(folder, { recursive: true, force: true }),
  }
}

async function placeOf(out: string): Promise<string> {
  try {
    const names = await readdir(out)
    if (names.length > 0) throw new Refusal(`Cannot write into "${out}": there is something in it; give a new folder`)
    return await realpath(out)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return resolve(out)
    if (error instanceof Refusal) throw error
    throw new Refusal(`Cannot write into "${out}": ${textOf(error)}`, { cause: error })
  }
}

async function flushFolder(path: string): Promise<void> {
  const folder = await open(path)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
