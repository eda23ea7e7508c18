import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runCommand, type Environment } from './command.ts'
import { withLock } from './lock.ts'
import type { Lane } from './queue.ts'
import { buildGoPart } from './recipes/go.ts'
import type { Job } from './recipes/job.ts'
import { buildKeycloak } from './recipes/keycloak.ts'
import { takeSystemProgram } from './recipes/system.ts'
import { unpackWheel } from './recipes/wheel.ts'
import { isBuilt, type Placed, type Places } from './store.ts'

/** What all parts of one run share. */
export interface Workshop {
  readonly places: Places
  readonly environment: Environment
  readonly signal: AbortSignal
  readonly fetching: Lane
  readonly building: Lane
  readonly compilers: number
  /** Told what a part is doing, whenever that changes. */
  readonly onStep: (name: string, step: string) => void
}

/** The file that holds everything a part's commands said in the last run that built it. */
export function logFileOf({ part }: Placed, places: Places): string {
  return join(places.cache, 'logs', `${part.name}.log`)
}

/** Builds a part into its cache folder, unless it is there or another run has just built it. */
export async function buildPart(placed: Placed, rank: number, workshop: Workshop): Promise<void> {
  const { places, signal, onStep } = workshop
  const onWait = (pid: number): void => onStep(placed.part.name, `waiting for process ${pid}, which builds it`)
  await withLock(join(places.cache, `${placed.key}.lock`), { signal, onWait }, async () => {
    if (isBuilt(placed)) return
    removePartials(placed, places)
    const folder = `${placed.folder}.partial-${process.pid}`
    const downloads = join(places.cache, 'downloads', placed.key)
    for (const path of [folder, downloads, join(places.cache, 'logs')]) mkdirSync(path, { recursive: true })
    try {
      await follow(makeJob(placed, rank, { folder, downloads }, workshop))
      // A folder with the final name is a complete part: the name is given last, in one step.
      rmSync(placed.folder, { recursive: true, force: true })
      renameSync(folder, placed.folder)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
    rmSync(downloads, { recursive: true, force: true })
  })
}

function removePartials({ key }: Placed, places: Places): void {
  if (!existsSync(places.cache)) return
  const partials = readdirSync(places.cache).filter((name) => name.startsWith(`${key}.partial-`))
  for (const name of partials) rmSync(join(places.cache, name), { recursive: true, force: true })
}

function makeJob(
  placed: Placed,
  rank: number,
  folders: { readonly folder: string; readonly downloads: string },
  workshop: Workshop,
): Job {
  const { environment, signal, onStep, compilers } = workshop
  const { name } = placed.part
  const logFile = logFileOf(placed, workshop.places)
  writeFileSync(logFile, '')
  const inTurn =
    (lane: Lane) =>
    async <T>(step: string, work: () => Promise<T>): Promise<T> =>
      lane(rank, async () => {
        signal.throwIfAborted()
        onStep(name, step)
        return work().finally(() => onStep(name, 'in the queue'))
      })
  return {
    part: placed.part,
    ...folders,
    compilers,
    path: environment['PATH'] ?? '',
    run: (command) => runCommand(command, { logFile, environment, signal }),
    fetching: inTurn(workshop.fetching),
    building: inTurn(workshop.building),
  }
}

function follow(job: Job): Promise<void> {
  const { source } = job.part
  switch (source.kind) {
    case 'go':
      return buildGoPart(source, job)
    case 'wheel':
      return unpackWheel(source, job)
    case 'keycloak':
      return buildKeycloak(source, job)
    case 'system':
      return takeSystemProgram(source, job)
  }
}
