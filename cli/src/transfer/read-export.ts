import { constants } from 'node:fs'
import { open, readdir } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { Refusal } from '../command.ts'
import { fileOf, manifestFile, parseManifest } from './manifest.ts'
import type { Manifest, ManifestTable } from './manifest.ts'
import { Measure } from './measure.ts'

const maxManifestBytes = 4 * 1024 * 1024
const chunkBytes = 256 * 1024

/** Reads the manifest, and demands that exactly the files that it names are there; throws a `Refusal` otherwise. */
export async function readExport(folder: string): Promise<Manifest> {
  const names = await namesIn(folder)
  if (!names.includes(manifestFile)) {
    throw new Refusal(`Cannot import from "${folder}": there is no ${manifestFile}, so it is no export, or half of one`)
  }
  const manifest = parseManifest(await manifestText(folder))
  const expected = [manifestFile, ...manifest.tables.map(({ name }) => fileOf(name))]
  const missing = expected.filter((name) => !names.includes(name))
  const extra = names.filter((name) => !expected.includes(name))
  if (missing.length > 0) throw new Refusal(`Cannot import from "${folder}": missing ${quoted(missing)}`)
  if (extra.length > 0) throw new Refusal(`Cannot import from "${folder}": ${quoted(extra)} are not of the export`)
  return manifest
}

/** The rows of one table; throws a `Refusal` at their end when they are not what the manifest says. */
export async function* readTable(
  folder: string,
  table: ManifestTable,
  noted: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  const name = fileOf(table.name)
  const file = await openPlain(folder, name)
  const measure = new Measure(noted)
  try {
    yield* measure.pass(file.createReadStream({ highWaterMark: chunkBytes, autoClose: false }))
  } finally {
    await file.close()
  }
  const { rows, bytes, sha256 } = measure.result()
  if (bytes !== table.bytes) throw damaged(name, `${bytes} bytes`, `${table.bytes}`)
  if (rows !== table.rows) throw damaged(name, `${rows} lines`, `${table.rows}`)
  if (sha256 !== table.sha256) throw damaged(name, `checksum ${sha256.slice(0, 12)}…`, `${table.sha256.slice(0, 12)}…`)
}

/** Reads every file once, to know that it is whole before anything is written. */
export async function demandWhole(folder: string, manifest: Manifest, noted: (bytes: number) => void): Promise<void> {
  for (const table of manifest.tables) {
    const rows = readTable(folder, table, noted)
    while ((await rows.next()).done !== true);
  }
}

function damaged(name: string, found: string, want: string): Refusal {
  return new Refusal(`Cannot import "${name}": it has ${found}, and the manifest says ${want}: the file is damaged`)
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).toSorted()
  } catch (cause) {
    throw new Refusal(`Cannot import from "${folder}": ${textOf(cause)}`, { cause })
  }
}

async function manifestText(folder: string): Promise<string> {
  const file = await openPlain(folder, manifestFile)
  try {
    const { size } = await file.stat()
    if (size > maxManifestBytes) throw new Refusal(`Cannot import: ${manifestFile} is larger than any of ours`)
    return await file.readFile('utf8')
  } finally {
    await file.close()
  }
}

// A link would let an export read what only the platform's operator may, and a pipe would keep us waiting for ever.
async function openPlain(folder: string, name: string): Promise<FileHandle> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants
  const file = await open(join(folder, name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch((cause: unknown) => {
    const isLink = cause instanceof Error && 'code' in cause && cause.code === 'ELOOP'
    throw new Refusal(`Cannot import "${name}": ${isLink ? 'it is a link, no file' : textOf(cause)}`, { cause })
  })
  if ((await file.stat()).isFile()) return file
  await file.close()
  throw new Refusal(`Cannot import "${name}": it is no plain file`)
}

const quoted = (names: readonly string[]): string => names.map((name) => JSON.stringify(name)).join(', ')
const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
