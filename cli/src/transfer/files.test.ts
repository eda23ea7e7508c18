import { execFileSync } from 'node:child_process'
import { access, appendFile, mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { Refusal } from '../command.ts'
import { manifestOf, parseManifest } from './manifest.ts'
import { demandWhole, readExport } from './read-export.ts'
import { openExportFolder } from './write-export.ts'

let root: string
let out: string
const tenant = { name: 'acme', id: 'aaaaaaaaaaaaa', uid: 'uid-of-acme', isRetained: false }
const rows = { audit: '1\tperson\n2\t\\N\n', usage_windows: '' }

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'bulkhead-transfer-'))
})

afterAll(() => rm(root, { recursive: true }))

beforeEach(async () => {
  out = join(await mkdtemp(join(root, 'case-')), 'out')
})

async function written(): Promise<string> {
  const folder = await openExportFolder(out)
  const measured = new Map()
  for (const [table, text] of Object.entries(rows)) {
    measured.set(table, await folder.write(table, Readable.from([Buffer.from(text)]), () => undefined))
  }
  const tables = Object.keys(rows).map((name) => ({ name, columns: ['id', 'actor'], counted: [] }))
  const taken = { takenAt: new Date(0), postgresVersion: '18.1', migrations: [], tables }
  await folder.finish(manifestOf(tenant, taken, measured))
  await folder.discard()
  return out
}

async function checked(folder: string): Promise<void> {
  await demandWhole(folder, await readExport(folder), () => undefined)
}

const refusalOf = (folder: string): Promise<string> =>
  checked(folder).then(
    () => 'nothing was refused',
    (error: unknown) => (error instanceof Refusal ? error.message : `a fault: ${String(error)}`),
  )

test('an export is a folder that only its owner may enter, whole, and read back as it was written', async () => {
  const folder = await written()
  expect(await readdir(folder)).toEqual(['audit.copy', 'manifest.json', 'usage_windows.copy'])
  expect((await stat(folder)).mode & 0o777).toBe(0o700)
  expect((await stat(join(folder, 'audit.copy'))).mode & 0o777).toBe(0o600)
  expect((await stat(join(folder, 'manifest.json'))).mode & 0o777).toBe(0o600)
  await checked(folder)
  expect((await readExport(folder)).tables.map((table) => [table.name, table.rows, table.bytes])).toEqual([
    ['audit', 2, 14],
    ['usage_windows', 0, 0],
  ])
})

test('an export that is broken off leaves nothing at its place, and nothing beside it', async () => {
  const folder = await openExportFolder(out)
  const failing = Readable.from(
    (async function* () {
      yield Buffer.from('1\tx\n')
      await Promise.resolve()
      throw new Error('the server went away')
    })(),
  )
  await expect(folder.write('audit', failing, () => undefined)).rejects.toThrow('the server went away')
  await expect(access(out)).rejects.toThrow('ENOENT')
  const [beside] = await readdir(join(out, '..'))
  expect(await refusalOf(join(out, '..', beside!))).toContain('there is no manifest.json')
  await folder.discard()
  expect(await readdir(join(out, '..'))).toEqual([])
})

test('a folder with something in it, a file, and a place that is not there are no places for an export', async () => {
  await expect(openExportFolder(root)).rejects.toThrow('there is something in it; give a new folder')
  await writeFile(out, '')
  await expect(openExportFolder(out)).rejects.toThrow(/Cannot write into .*ENOTDIR/)
  await expect(openExportFolder(join(out, 'a', 'b'))).rejects.toThrow(Refusal)
  await expect(openExportFolder(join(root, 'nowhere', 'out'))).rejects.toThrow(/Cannot write into .*ENOENT/)
})

test('an empty folder is a place too', async () => {
  await mkdir(out)
  expect(await refusalOf(await written())).toBe('nothing was refused')
})

const change = async (edit: (manifest: string) => string): Promise<void> => {
  const path = join(out, 'manifest.json')
  await writeFile(path, edit(await readFile(path, 'utf8')))
}

test.each([
  ['a changed byte', () => writeFile(join(out, 'audit.copy'), '1\tperson\n3\t\\N\n'), /"audit.copy".*checksum/],
  ['a line more', () => appendFile(join(out, 'audit.copy'), '3\tx\n'), /"audit.copy".* bytes.*damaged/],
  ['a missing file', () => rm(join(out, 'audit.copy')), /missing "audit.copy"/],
  ['a file too many', () => writeFile(join(out, 'more.copy'), ''), /"more.copy" are not of the export/],
  ['no manifest', () => rm(join(out, 'manifest.json')), /there is no manifest.json/],
  ['a manifest that is no JSON', () => change(() => '{'), /manifest.json is not JSON/],
  ['a manifest of another format', () => change((text) => text.replace('"format": 1', '"format": 2')), /want 1/],
  ['a manifest with more in it', () => change((text) => text.replace('{', '{"more": 1,')), /Unrecognized key/],
  ['a table twice', () => change((text) => text.replaceAll('usage_windows', 'audit')), /each table must stand once/],
  ['a huge manifest', () => appendFile(join(out, 'manifest.json'), ' '.repeat(5_000_000)), /larger than any/],
  ['another count of rows', () => change((text) => text.replace('"rows": 2', '"rows": 3')), /2 lines.*says 3/],
  ['rows that nobody can count', () => change((text) => text.replace('"rows": 2', '"rows": 1e99')), /rows/],
])('S-161 %s is refused before anything is written', async (_title, harm, words) => {
  await written()
  expect(await refusalOf(out)).toBe('nothing was refused')
  await harm()
  expect(await refusalOf(out)).toMatch(words)
})

test.each(['../../etc/passwd', '..', '/etc/passwd', 'a/b', 'audit\0', 'Audit', '"audit"', 'x'.repeat(64), ''])(
  'S-161 a table called %j is no table',
  async (name) => {
    await written()
    await change((text) => text.replaceAll('"usage_windows"', JSON.stringify(name)))
    expect(await refusalOf(out)).toMatch(/tables\.1\.name: want a plain name of Postgres/)
  },
)

test('S-161 a link and a pipe in the place of a file are refused, and a pipe keeps nobody waiting', async () => {
  const elsewhere = join(root, 'elsewhere')
  await writeFile(elsewhere, rows.audit)
  for (const name of ['audit.copy', 'manifest.json']) {
    await rm(out, { recursive: true, force: true })
    await written()
    const file = join(out, name)
    await rm(file)
    await symlink(elsewhere, file)
    expect(await refusalOf(out)).toContain(`"${name}": it is a link, no file`)
    await rm(file)
    execFileSync('mkfifo', [file])
    expect(await refusalOf(out)).toContain(`"${name}": it is no plain file`)
  }
})

test('what a manifest says wrong is told at its place', () => {
  expect(() => parseManifest('{"format": 1}')).toThrow(/manifest.json is not a manifest of ours:\n {2}- tenant: /)
})
