import { chmodSync, existsSync, readdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import type { KeycloakSource } from '../pins.ts'
import { hasChecksum, requireChecksum, type Job } from './job.ts'

/** Fetches Keycloak with Maven and optimises it once, so that every later start skips the half-minute build. */
export async function buildKeycloak(source: KeycloakSource, job: Job): Promise<void> {
  const [, artifact = '', version = '', extension = ''] = source.artifact.split(':')
  const archive = join(job.downloads, `${artifact}-${version}.${extension}`)
  if (!(existsSync(archive) && (await hasChecksum(archive, source.sha256)))) await fetchArchive(source, job)
  await requireChecksum(archive, source.sha256)

  await job.run({ file: 'python3', args: ['-m', 'zipfile', '-e', archive, job.folder] })
  const home = join(job.folder, 'keycloak')
  renameSync(join(job.folder, source.folder), home)
  // A zip file unpacked by Python loses the right to execute.
  for (const name of readdirSync(join(home, 'bin'))) if (name.endsWith('.sh')) chmodSync(join(home, 'bin', name), 0o755)
  const build = { file: join(home, 'bin/kc.sh'), args: ['build', ...source.buildOptions] }
  await job.building('optimising', () => job.run(build))
}

async function fetchArchive(source: KeycloakSource, job: Job): Promise<void> {
  const options = [`-Dartifact=${source.artifact}`, `-DoutputDirectory=${job.downloads}`]
  // In a folder without a pom.xml: Maven must not take this repository for a project of its own.
  const mvn = { file: 'mvn', args: ['-q', '-B', `${source.copyPlugin}:copy`, ...options], cwd: job.downloads }
  await job.fetching('downloading', () => job.run(mvn))
}
