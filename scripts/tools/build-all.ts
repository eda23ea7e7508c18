import { availableParallelism } from 'node:os'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { buildPart, logFileOf, type Workshop } from './build-part.ts'
import { lastLinesOf, type Environment } from './command.ts'
import { findLacks } from './prerequisites.ts'
import { durationText, progressLine, sizeText } from './progress.ts'
import { compilersPerBuild, lane } from './queue.ts'
import { isBuilt, link, type Placed, type Places } from './store.ts'

const buildsAtOnce = 2
const fetchesAtOnce = 3
const progressEveryMs = 10_000
const shownLines = 15

const remedies = {
  go: 'if a module could not be fetched, see that `go env GOPROXY` names a proxy this machine reaches',
  wheel: 'if the wheel could not be fetched, see that pip reaches its index (`python3 -m pip config list`)',
  keycloak:
    'if the archive could not be fetched, see that Maven reaches its repository (`mvn help:effective-settings`)',
  system: 'if the packages could not be fetched, put a redis-server on PATH yourself',
} as const

/** Builds what is missing and links every part as soon as it is usable. Yields the names of the parts that failed. */
export async function buildAll(
  placed: readonly Placed[],
  places: Places,
  { environment, signal }: { readonly environment: Environment; readonly signal: AbortSignal },
): Promise<readonly string[]> {
  const startedMs = performance.now()
  const missing = placed.filter((one) => !isBuilt(one))
  for (const one of placed) if (isBuilt(one)) link(one, places)

  const lacks = findLacks(
    missing.map((one) => one.part),
    environment,
  )
  for (const lack of lacks) console.error(`✗ ${lack.message}`)
  const isPossible = ({ part }: Placed): boolean => !lacks.some((lack) => part.needs.includes(lack.need))
  const possible = missing.filter(isPossible)

  const board = new Board(startedMs)
  const workshop: Workshop = {
    places,
    environment,
    signal,
    fetching: lane(fetchesAtOnce),
    building: lane(buildsAtOnce),
    compilers: compilersPerBuild(availableParallelism(), buildsAtOnce),
    onStep: (name, step) => board.step(name, step),
  }
  const ticking = setInterval(() => board.show(), progressEveryMs)
  const built = await Promise.all(possible.map((one, rank) => attempt(one, rank, workshop, board)))
  clearInterval(ticking)
  return missing.filter((one) => !isPossible(one) || built[possible.indexOf(one)] !== true).map((one) => one.part.name)
}

async function attempt(placed: Placed, rank: number, workshop: Workshop, board: Board): Promise<boolean> {
  const { part } = placed
  board.begin(part.name, part.version)
  try {
    await buildPart(placed, rank, workshop)
    link(placed, workshop.places)
    board.end(part.name, `✓ ${part.name} ${part.version}`, sizeText(folderBytes(placed.folder)))
    return true
  } catch (error) {
    board.end(part.name, `✗ ${part.name} ${part.version}`, workshop.signal.aborted ? 'stopped' : 'failed')
    if (!workshop.signal.aborted) console.error(failureText(placed, workshop.places, error))
    return false
  }
}

function failureText(placed: Placed, places: Places, error: unknown): string {
  const { part } = placed
  const logFile = logFileOf(placed, places)
  const cause = error instanceof Error ? error.message : String(error)
  return [
    `Cannot build ${part.name} ${part.version}: ${cause}`,
    ...lastLinesOf(logFile, shownLines).map((line) => `    ${line}`),
    `  The whole output is in ${logFile}`,
    `  Next: ${remedies[part.source.kind]}; then run the same command again, finished parts are kept`,
  ].join('\n')
}

function folderBytes(folder: string): number {
  const entries = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  return entries.reduce((sum, name) => sum + (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0), 0)
}

/** What is under way, for the lines that a waiting person reads. */
class Board {
  readonly #startedMs: number
  readonly #steps = new Map<string, { step: string; sinceMs: number }>()

  constructor(startedMs: number) {
    this.#startedMs = startedMs
  }

  begin(name: string, version: string): void {
    this.#steps.set(name, { step: 'in the queue', sinceMs: performance.now() })
    console.log(`▸ ${name} ${version}`)
  }

  step(name: string, step: string): void {
    this.#steps.set(name, { step, sinceMs: performance.now() })
  }

  end(name: string, title: string, note: string): void {
    this.#steps.delete(name)
    console.log(`${title}: ${note}, after ${durationText(performance.now() - this.#startedMs)}`)
  }

  show(): void {
    const now = performance.now()
    const all = [...this.#steps].map(([name, { step, sinceMs }]) => ({ name, step, elapsedMs: now - sinceMs }))
    const waiting = all.filter(({ step }) => step === 'in the queue').map(({ name }) => name)
    const underway = all.filter(({ step }) => step !== 'in the queue')
    if (all.length > 0) console.log(progressLine(now - this.#startedMs, underway, waiting))
  }
}
