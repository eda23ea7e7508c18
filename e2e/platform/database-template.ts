import { createHash } from 'node:crypto'
import { cp, mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { withDatabase } from './parts/postgres.ts'
import type { Site } from './site.ts'
import { pathsOf } from './site.ts'
import { versions } from './tools.ts'

// Keycloak needs most of a minute to make its schema and its first realm. The template is a Postgres data folder in
// which both are made and every secret is taken out again: keys are generated anew by each instance, and the operator's
// client gets its secret when the folder has been copied.

/** The folder of the template for exactly these versions, below the user's cache. */
export function templateFolder(cacheFolder: string): string {
  const pins = JSON.stringify({ format: 2, postgres: versions.postgres, keycloak: versions.keycloak })
  return join(cacheFolder, 'bulkhead', `postgres-${createHash('sha256').update(pins).digest('hex').slice(0, 16)}`)
}

/** A small platform of Postgres and Keycloak, as `platform.ts` starts it. */
export interface TemplateSource {
  readonly site: Site
  stop(part: 'keycloak' | 'postgres'): Promise<void>
  down(): Promise<void>
}

/** The template, made now when this machine has none yet. */
export async function ensureTemplate(
  cacheFolder: string,
  startSource: (dir: string) => Promise<TemplateSource>,
  log: (line: string) => void,
): Promise<string> {
  const folder = templateFolder(cacheFolder)
  if (await isFolder(folder)) return folder
  log('database template is made, once per version of Keycloak (about a minute)')
  const dir = await mkdtemp(join(tmpdir(), 'bulkhead-template-'))
  const source = await startSource(dir)
  try {
    await source.stop('keycloak')
    await forgetSecrets(source.site)
    await source.stop('postgres')
    await keep(join(pathsOf(dir).data, 'postgres'), folder)
  } finally {
    await source.down()
    await rm(dir, { recursive: true, force: true })
  }
  return folder
}

async function isFolder(folder: string): Promise<boolean> {
  return stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  )
}

// A realm without keys gets new ones at their first use.
const forgetting = [
  `DELETE FROM component_config WHERE component_id IN
     (SELECT id FROM component WHERE provider_type = 'org.keycloak.keys.KeyProvider')`,
  `DELETE FROM component WHERE provider_type = 'org.keycloak.keys.KeyProvider'`,
  'UPDATE client SET secret = NULL',
  'DELETE FROM server_config',
  // Or what was deleted would still stand in the files.
  'VACUUM FULL',
  'CHECKPOINT',
] as const

async function forgetSecrets(site: Site): Promise<void> {
  await withDatabase(site, 'keycloak', async (client) => {
    for (const statement of forgetting) await client.query(statement)
  })
}

async function keep(data: string, folder: string): Promise<void> {
  await mkdir(join(folder, '..'), { recursive: true, mode: 0o700 })
  const next = await mkdtemp(`${folder}-`)
  await cp(data, next, { recursive: true, preserveTimestamps: true })
  try {
    await rename(next, folder)
  } catch (fault) {
    // Another platform of this user was faster; its template is as good.
    await rm(next, { recursive: true, force: true })
    if (!(await isFolder(folder))) throw fault
  }
}
