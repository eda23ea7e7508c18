import { createHash } from 'node:crypto'
import { cp, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { withDatabase } from './parts/postgres.ts'
import type { Site } from './site.ts'
import { pathsOf } from './site.ts'
import type { TemporaryFolder } from './temporary.ts'
import { versions } from './tools.ts'

// Keycloak needs most of a minute to make its schema and its first realm. The template is a Postgres data folder in
// which both are made and every secret is taken out again: keys are generated anew by each instance, and the operator's
// client gets its secret when the folder has been copied.

const unfinished = '.partial-'

/** The folder of the template for exactly these versions, below the user's cache. */
export function templateFolder(cacheFolder: string): string {
  const pins = JSON.stringify({ format: 2, postgres: versions.postgres, keycloak: versions.keycloak })
  return join(cacheFolder, 'bulkhead', `postgres-${createHash('sha256').update(pins).digest('hex').slice(0, 16)}`)
}

/** A small platform of Postgres and Keycloak, as `platform.ts` starts it. */
export interface TemplateSource {
  readonly site: Site
  stop(part: 'keycloak' | 'postgres'): Promise<void>
}

/** What making a template takes from `platform.ts`. */
export interface Workshop {
  readonly folder: () => Promise<TemporaryFolder>
  readonly startSource: (dir: string) => Promise<TemplateSource>
  readonly log: (line: string) => void
}

/** The template, made now when this machine has none yet. */
export async function ensureTemplate(cacheFolder: string, workshop: Workshop): Promise<string> {
  const folder = templateFolder(cacheFolder)
  if (await isFolder(folder)) return folder
  workshop.log('database template is made, once per version of Keycloak (about a minute)')
  const temporary = await workshop.folder()
  try {
    const source = await workshop.startSource(temporary.dir)
    await source.stop('keycloak')
    await forgetSecrets(source.site)
    await source.stop('postgres')
    await keep(join(pathsOf(temporary.dir).data, 'postgres'), folder)
  } finally {
    await temporary.remove()
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
  const cache = dirname(folder)
  await mkdir(cache, { recursive: true, mode: 0o700 })
  await removeLeftovers(cache)
  const next = await mkdtemp(`${folder}${unfinished}`)
  await cp(data, next, { recursive: true, preserveTimestamps: true })
  try {
    await rename(next, folder)
  } catch (fault) {
    // Another platform of this user was faster; its template is as good.
    await rm(next, { recursive: true, force: true })
    if (!(await isFolder(folder))) throw fault
  }
}

// Copies take a second; one that is older was cut off.
async function removeLeftovers(cache: string): Promise<void> {
  const names = (await readdir(cache)).filter((name) => name.includes(unfinished))
  for (const path of names.map((name) => join(cache, name))) {
    const found = await stat(path).catch(() => undefined)
    if (found !== undefined && found.ctimeMs < Date.now() - 3_600_000) await rm(path, { recursive: true, force: true })
  }
}
