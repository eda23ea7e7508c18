import { spawnSync } from 'node:child_process'
import {
  accessSync,
  chmodSync,
  constants,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { delimiter, join } from 'node:path'
import type { SystemSource } from '../pins.ts'
import { isAtLeast, versionIn } from '../versions.ts'
import type { Job } from './job.ts'

/** Where PATH finds a program, if it does. */
export function findOnPath(program: string, path: string): string | undefined {
  return path
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, program))
    .find(isExecutable)
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}

/** Takes the machine's own program, else unpacks the distribution's packages into the cache: no root is needed, and
 * the machine's package database stays as it is. */
export async function takeSystemProgram(source: SystemSource, job: Job): Promise<void> {
  const found = findOnPath(source.program, job.path)
  if (found !== undefined && isRecent(found, source)) {
    symlinkSync(found, join(job.folder, source.program))
    return
  }
  if (findOnPath('apt-get', job.path) === undefined) {
    throw new Error(
      `There is no ${source.program} ≥ ${source.least.join('.')} on PATH and no apt-get to fetch one: install it with the machine's package manager`,
    )
  }
  await job.fetching('downloading', () => unpackPackages(source, job))
}

function isRecent(file: string, source: SystemSource): boolean {
  const version = versionIn(spawnSync(file, ['--version'], { encoding: 'utf8', timeout: 30_000 }).stdout)
  return version !== undefined && isAtLeast(version, source.least)
}

/** The names of the packages that a simulated installation would add. */
export function packagesToInstall(simulation: string): readonly string[] {
  return [...simulation.matchAll(/^Inst (\S+)/gm)].map((match) => match[1] ?? '')
}

async function unpackPackages(source: SystemSource, job: Job): Promise<void> {
  const [state, cache, root] = ['apt-state', 'apt-cache', 'root'].map((name) => join(job.downloads, name))
  if (state === undefined || cache === undefined || root === undefined) return
  for (const folder of [join(state, 'lists/partial'), join(cache, 'archives/partial')])
    mkdirSync(folder, { recursive: true })
  // Lists and cache of our own; sources, keys and the list of what is installed are the machine's.
  const settings = [`Dir::State=${state}`, `Dir::Cache=${cache}`, 'Dir::State::status=/var/lib/dpkg/status']
  const options = [...settings, 'APT::Sandbox::User=root'].flatMap((setting) => ['-o', setting])
  await job.run({ file: 'apt-get', args: [...options, '-qq', 'update'] })
  const simulation = join(job.downloads, 'simulation')
  const simulate = `exec apt-get "$@" -s --no-install-recommends install ${source.debianPackage} > '${simulation}'`
  await job.run({ file: 'sh', args: ['-c', simulate, 'sh', ...options] })
  const packages = packagesToInstall(readFileSync(simulation, 'utf8'))
  await job.run({ file: 'apt-get', args: [...options, '-qq', 'download', ...packages], cwd: job.downloads })
  const unpack = `for package in "$0"/*.deb; do dpkg-deb -x "$package" "$1"; done`
  await job.run({ file: 'sh', args: ['-euc', unpack, job.downloads, join(job.folder, 'root')] })
  writeLauncher(source, job)
  await job.run({ file: join(job.folder, source.program), args: ['--version'] })
}

/** The unpacked program needs the unpacked libraries; `exec` keeps its pid the one that was started. */
function writeLauncher(source: SystemSource, job: Job): void {
  const launcher = join(job.folder, source.program)
  const lines = [
    '#!/bin/sh',
    'root="$(dirname "$(readlink -f "$0")")/root"',
    'for folder in "$root"/usr/lib/*-linux-gnu*; do libraries="${libraries:+$libraries:}$folder"; done',
    'export LD_LIBRARY_PATH="$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"',
    `exec "$root/usr/bin/${source.program}" "$@"`,
  ]
  writeFileSync(launcher, `${lines.join('\n')}\n`)
  chmodSync(launcher, 0o755)
}
