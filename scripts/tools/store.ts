import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  symlinkSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { cacheKey, type BuildInput } from './cache-key.ts'
import type { Part, Source } from './pins.ts'

/** Where things lie: the cache that all checkouts share, and this checkout's `.tools`. */
export interface Places {
  readonly cache: string
  readonly links: string
}

/** A part with the folder that holds it, once built. */
export interface Placed {
  readonly part: Part
  readonly key: string
  readonly folder: string
}

export const goFolder = join(import.meta.dirname, 'go')

function inputsOf(source: Source): readonly BuildInput[] {
  if (source.kind !== 'go') return []
  const folder = join(goFolder, source.module)
  const names = readdirSync(folder).filter((name) => /\.go$|^go\.(mod|sum)$/.test(name))
  return names.map((name) => ({ name, content: readFileSync(join(folder, name), 'utf8') }))
}

/** Finds the folder of a part for this machine type; says nothing about whether it is there. */
export function place(part: Part, places: Places): Placed {
  const key = cacheKey(part, inputsOf(part.source), `${process.platform}-${process.arch}`)
  return { part, key, folder: join(places.cache, key) }
}

/** Whether the part is built. A folder gets its name only when complete; a program of the machine may have gone. */
export function isBuilt({ part, folder }: Placed): boolean {
  return Object.values(part.links).every((inside) => existsSync(join(folder, inside)))
}

/** Whether `.tools` already points at exactly this build. */
export function isLinked({ part, folder }: Placed, places: Places): boolean {
  return Object.entries(part.links).every(
    ([name, inside]) => linkTarget(join(places.links, name)) === join(folder, inside),
  )
}

/** Points `.tools` at a built part; whoever reads meanwhile sees the old link or the new one, never none. */
export function link({ part, folder }: Placed, places: Places): void {
  for (const [name, inside] of Object.entries(part.links)) {
    const path = join(places.links, name)
    mkdirSync(dirname(path), { recursive: true })
    if (linkTarget(path) === join(folder, inside)) continue
    const fresh = `${path}.${process.pid}`
    symlinkSync(join(folder, inside), fresh)
    renameSync(fresh, path)
  }
}

function linkTarget(path: string): string | undefined {
  const found = lstatSync(path, { throwIfNoEntry: false })
  return found?.isSymbolicLink() === true ? readlinkSync(path) : undefined
}
