import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { GoSource } from '../pins.ts'
import { goFolder } from '../store.ts'
import type { Job } from './job.ts'

// Given on the command line, so that the GOFLAGS of the machine stay as they are.
const reproducible = ['-mod=readonly', '-trimpath', '-buildvcs=false']

/** Builds one of our wrapper modules; Go checks everything it fetches against the module's go.sum. */
export async function buildGoPart(source: GoSource, job: Job): Promise<void> {
  const cwd = join(goFolder, source.module)
  const set = { CGO_ENABLED: '0', GOWORK: 'off' }
  await job.fetching('fetching modules', () =>
    job.run({
      file: 'go',
      args: ['list', '-mod=readonly', '-deps', '-f', '{{with .Error}}{{.}}{{end}}', '.'],
      cwd,
      set,
    }),
  )
  const program = join(job.folder, source.module)
  const build = ['build', ...reproducible, '-p', String(job.compilers), '-ldflags', source.ldflags, '-o', program, '.']
  await job.building('compiling', () => job.run({ file: 'go', args: build, cwd, set }))
  if (source.writes === undefined) return
  await job.run({ file: program, args: [join(job.folder, source.writes)], cwd, set })
  rmSync(program)
}
