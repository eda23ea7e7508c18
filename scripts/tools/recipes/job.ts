import { createHash } from 'node:crypto'
import { createReadStream, rmSync } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import type { Command } from '../command.ts'
import type { Part } from '../pins.ts'

/** What a recipe works with: an empty folder to fill, a folder for downloads, and its turns on the machine. */
export interface Job {
  readonly part: Part
  /** The temporary folder that becomes the part's folder when the recipe returns. */
  readonly folder: string
  /** Downloads that survive a failed or stopped run; gone once the part is built. */
  readonly downloads: string
  readonly compilers: number
  readonly path: string
  readonly run: (command: Command) => Promise<void>
  /** Does work that waits for the network, when it is this part's turn. */
  readonly fetching: <T>(step: string, work: () => Promise<T>) => Promise<T>
  /** Does work that fills the cores, when it is this part's turn. */
  readonly building: <T>(step: string, work: () => Promise<T>) => Promise<T>
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}

/** Whether the file is exactly the pinned one. */
export async function hasChecksum(file: string, sha256: string): Promise<boolean> {
  return (await sha256Of(file)) === sha256
}

/** Refuses a download that is not the pinned file, and removes it, so that the next run fetches it anew. */
export async function requireChecksum(file: string, sha256: string): Promise<void> {
  const found = await sha256Of(file)
  if (found === sha256) return
  rmSync(file)
  throw new Error(`"${file}" is not the pinned file and was removed: its sha256 is ${found}, the pin says ${sha256}`)
}
