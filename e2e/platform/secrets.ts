import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Passwords of one instance, each in a file of its own that only its owner may read. */
export const secretNames = [
  'postgres-superuser',
  'postgres-operator',
  'postgres-keycloak',
  'keycloak-client',
  'redis',
] as const

/** The name of one secret. */
export type SecretName = (typeof secretNames)[number]

/** Where each secret's file is, and what it holds. */
export interface Secrets {
  fileOf(name: SecretName): string
  read(name: SecretName): string
}

/** Reads the secrets of an instance and makes those that are missing. */
export async function ensureSecrets(folder: string): Promise<Secrets> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const fileOf = (name: SecretName): string => join(folder, name)
  const values = new Map<SecretName, string>()
  for (const name of secretNames) values.set(name, await readOrMake(fileOf(name)))
  return { fileOf, read: (name) => values.get(name) ?? '' }
}

async function readOrMake(file: string): Promise<string> {
  const existing = await readFile(file, 'utf8').catch(() => '')
  if (existing !== '') return existing
  const made = randomBytes(24).toString('base64url')
  await writeFile(file, made, { mode: 0o600 })
  return made
}
