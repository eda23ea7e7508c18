// transfer: exports as folders of files, and the way back.
import type { SchemaSnapshot } from '@bulkhead/database'
import { z } from 'zod'
import { Refusal } from '../command.ts'
import type { Measured } from './measure.ts'

/** The file of an export that says what is in the others; it is written last. */
export const manifestFile = 'manifest.json'

/** The format of exports that this program writes and reads. */
const format = 1

// A table's name is a file's name too: nothing in it leads anywhere else.
const identifier = z.string().regex(/^[a-z_][a-z0-9_]{0,62}$/, 'want a plain name of Postgres, in lower case')
const text = z.string().min(1).max(253)
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'want 64 hexadecimal digits')
const bigint = z.string().regex(/^-?\d{1,19}$/, 'want a whole number as text')

const table = z.strictObject({
  name: identifier,
  columns: z.array(identifier).min(1).max(1600),
  counted: z.array(z.strictObject({ column: identifier, last: bigint.nullable() })).max(1600),
  rows: z.int().min(0),
  bytes: z.int().min(0),
  sha256,
})

export const manifestSchema = z.strictObject({
  format: z.literal(format, `want ${format}: this program reads no other format`),
  tenant: z.strictObject({ name: text, id: text, uid: text, isRetained: z.boolean() }),
  schemaVersion: z.int().min(0),
  migrations: z.array(z.strictObject({ version: z.int().min(1), checksum: sha256 })).max(10_000),
  postgresVersion: text,
  takenAt: z.iso.datetime(),
  tables: z
    .array(table)
    .max(1000)
    .refine((tables) => new Set(tables.map(({ name }) => name)).size === tables.length, 'each table must stand once'),
})

export type Manifest = z.infer<typeof manifestSchema>
export type ManifestTable = Manifest['tables'][number]

/** The manifest of what was written. */
export function manifestOf(
  tenant: Manifest['tenant'],
  { migrations, postgresVersion, takenAt, tables }: SchemaSnapshot,
  measured: ReadonlyMap<string, Measured>,
): Manifest {
  return {
    format,
    tenant,
    schemaVersion: Math.max(0, ...migrations.map(({ version }) => version)),
    migrations: migrations.map(({ version, checksum }) => ({ version, checksum })),
    postgresVersion,
    takenAt: takenAt.toISOString(),
    tables: tables.map(({ name, columns, counted }) => {
      const file = measured.get(name)
      if (file === undefined) throw new Error(`The table "${name}" was not written`)
      return { name, columns: [...columns], counted: [...counted], ...file }
    }),
  }
}

/** Reads a manifest's text; throws a `Refusal` that names what is wrong with it. */
export function parseManifest(content: string): Manifest {
  const result = manifestSchema.safeParse(jsonOf(content))
  if (result.success) return result.data
  const lines = result.error.issues.slice(0, 8).map(({ path, message }) => `  - ${path.join('.')}: ${message}`)
  throw new Refusal(`Cannot import: ${manifestFile} is not a manifest of ours:\n${lines.join('\n')}`)
}

function jsonOf(content: string): unknown {
  try {
    return JSON.parse(content)
  } catch (cause) {
    throw new Refusal(`Cannot import: ${manifestFile} is not JSON`, { cause })
  }
}

/** The file of a table's rows. */
export function fileOf(table: string): string {
  return `${table}.copy`
}
