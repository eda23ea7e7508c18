// The local platform: every real part a process on loopback. It is used from the command line (`main.ts`) and by
// scenarios, which see the `Platform` interface alone.
import { lstat, mkdir, readdir, rm, rmdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import type { Clock } from './clock.ts'
import { machineClock } from './clock.ts'
import type { TemplateSource } from './database-template.ts'
import { ensureTemplate } from './database-template.ts'
import type { Endpoints } from './endpoints.ts'
import { leaveServer, rememberServer, siteDatabase } from './database-server.ts'
import { endpointsOf } from './endpoints.ts'
import { withLock } from './lock.ts'
import { withNeeds } from './order.ts'
import type { Part, PartName } from './part.ts'
import { partNames } from './part.ts'
import { allParts } from './parts/all.ts'
import { postgresData } from './parts/postgres.ts'
import { ensurePki } from './pki.ts'
import type { Ports } from './ports.ts'
import { isFreePort, planPorts, PortReservation } from './ports.ts'
import { isRunning } from './process-info.ts'
import { ensureSecrets } from './secrets.ts'
import type { Site } from './site.ts'
import { pathsOf } from './site.ts'
import type { State } from './state.ts'
import { readState, writeState } from './state.ts'
import { Supervisor } from './supervisor.ts'
import type { PartState } from './table.ts'
import type { TemporaryFolder } from './temporary.ts'
import { makeTemporaryFolder } from './temporary.ts'
import { findTools, isExecutable } from './tools.ts'
import { findUnprivileged } from './unprivileged.ts'

/** A platform that is up. */
export interface Platform {
  readonly dir: string
  readonly endpoints: Endpoints
  /** How long each part took that was started by this call. */
  readonly elapsedMs: ReadonlyMap<PartName, number>
  /** Looks at every part now. */
  parts(): Promise<readonly PartState[]>
  /** The process of a part; undefined when it was stopped. */
  pid(part: PartName): number | undefined
  /** Starts one part again and waits until it is ready, whatever the others do. */
  start(part: PartName): Promise<void>
  /** Stops one part as its own rules say. */
  stop(part: PartName): Promise<void>
  /** Sends a signal; after SIGKILL the process is gone when this resolves. SIGSTOP halts it until SIGCONT. */
  kill(part: PartName, signal: NodeJS.Signals): Promise<void>
  /** Stops everything in reverse order; the data stays in `dir`. */
  down(): Promise<void>
}

/** How a platform is started. */
export interface PlatformSettings {
  /** The folder of the instance: its data, keys, logs and state. */
  readonly dir: string
  /** The checkout; the one that this file is in when left out. */
  readonly root?: string
  /** These parts and what they need, instead of all. */
  readonly parts?: readonly PartName[]
  readonly clock?: Clock
  readonly log: (line: string) => void
  readonly signal?: AbortSignal
}

const checkout = resolve(import.meta.dirname, '..', '..')

interface Opened {
  readonly site: Site
  readonly supervisor: Supervisor
  readonly parts: readonly Part[]
}

/** Starts a platform, or what is missing of one; when a part cannot start, what this call started is stopped again. */
export async function startPlatform(settings: PlatformSettings): Promise<Platform> {
  const opened = await bringUp(settings)
  return platformOf(opened)
}

async function bringUp(settings: PlatformSettings): Promise<Opened> {
  const at = pathsOf(settings.dir)
  for (const folder of [settings.dir, at.logs, at.config, at.data, at.kubeconfigs, at.sockets]) {
    await mkdir(folder, { recursive: true, mode: 0o700 })
  }
  await refuseForeignFolder(at.sockets)
  await rememberDatabase(settings.dir)
  return withLock(settings.dir, async () => {
    const reserved = new PortReservation()
    try {
      return await startParts(settings, await plannedState(settings, reserved))
    } finally {
      await reserved.release()
    }
  })
}

async function rememberDatabase(dir: string): Promise<void> {
  const at = pathsOf(dir)
  await mkdir(at.secrets, { recursive: true, mode: 0o700 })
  // The template is a folder of ours, whatever this instance works on.
  const url = isTemplateSource(dir) ? undefined : process.env['DATABASE_URL']
  await rememberServer({ dir, secrets: at.secrets, ownData: postgresData(dir) }, url)
}

// Below /tmp the name of the folder can be known to others before we make it.
async function refuseForeignFolder(folder: string): Promise<void> {
  const found = await lstat(folder)
  if (found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o077) === 0) return
  throw new Error(`Cannot use ${JSON.stringify(folder)} for sockets: others made it or may enter it; remove it`)
}

async function startParts(settings: PlatformSettings, state: State): Promise<Opened> {
  await ensurePki(pathsOf(settings.dir).pki, (settings.clock ?? machineClock).now())
  const opened = await open(settings, state)
  refuseMissingPrograms(opened.parts)
  try {
    await opened.supervisor.startAll(settings.signal ?? new AbortController().signal)
  } catch (fault) {
    await opened.supervisor.stopAll('started here')
    throw fault
  }
  return opened
}

async function plannedState(settings: PlatformSettings, reserved: PortReservation): Promise<State> {
  const file = pathsOf(settings.dir).state
  const earlier = await readState(file)
  const isUp = earlier !== undefined && (await hasRunningPart(earlier))
  const chosen = new Set([...(isUp ? earlier.chosen : []), ...(settings.parts ?? partNames)])
  // What runs uses its ports; those of a stopped platform are its own only while they are free.
  const ports = isUp
    ? await completePorts(earlier)
    : await planPorts(Math.random, (port) => reserved.take(port), earlier?.ports)
  const state: State = {
    version: 1,
    instance: basename(settings.dir),
    ports,
    chosen: [...chosen],
    parts: earlier?.parts ?? {},
  }
  writeState(file, state)
  return state
}

// A state that an older checkout wrote lacks the ports of newer parts; all others stay as they are.
function completePorts({ ports }: State): Promise<Ports> {
  const known = Object.values(ports)
  return planPorts(Math.random, (port) => (known.includes(port) ? Promise.resolve(true) : isFreePort(port)), ports)
}

async function hasRunningPart(state: State): Promise<boolean> {
  const running = await Promise.all(Object.values(state.parts).map(isRunning))
  return running.includes(true)
}

async function open(settings: PlatformSettings, state: State): Promise<Opened> {
  const at = pathsOf(settings.dir)
  const root = settings.root ?? checkout
  const clock = settings.clock ?? machineClock
  const path = process.env['PATH'] ?? '/usr/bin:/bin'
  const secrets = await ensureSecrets(at.secrets)
  const database = await siteDatabase(settings.dir, at.secrets)
  const ports = await completePorts(state)
  const { instance } = state
  const tools = findTools(root, path)
  const site: Site = { root, dir: settings.dir, instance, ports, secrets, database, clock, path, tools }
  const unprivileged = await findUnprivileged(process.getuid?.() === 0)
  const template = async (): Promise<string | undefined> => {
    const isNeeded = parts.some((part) => part.name === 'keycloak') && !isTemplateSource(settings.dir)
    return isNeeded ? templateOf(settings) : undefined
  }
  const parts: readonly Part[] = withNeeds(allParts(site, unprivileged, template), state.chosen)
  const { log } = settings
  const logFileOf = at.log
  return { site, parts, supervisor: new Supervisor({ parts, stateFile: at.state, logFileOf, path, clock, log }) }
}

const templatePrefix = 'bulkhead-prepare-'

function isTemplateSource(dir: string): boolean {
  return basename(dir).startsWith(templatePrefix)
}

function templateOf(settings: PlatformSettings): Promise<string> {
  const cacheFolder = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
  const log = (line: string): void => settings.log(`  template: ${line}`)
  const startSource = async (dir: string): Promise<TemplateSource> => {
    const { site, supervisor } = await bringUp({ ...settings, dir, parts: ['postgres', 'keycloak'], log })
    return { site, stop: (part) => supervisor.stop(part) }
  }
  const folder = (): Promise<TemporaryFolder> => temporaryPlatformFolder(templatePrefix, settings.log)
  return ensureTemplate(cacheFolder, { folder, startSource, log: settings.log })
}

function refuseMissingPrograms(parts: readonly Part[]): void {
  const files = parts.map((part) => ({ name: part.name, file: part.command().file }))
  const missing = files.filter(({ file }) => file.startsWith('/') && !isExecutable(file))
  if (missing.length === 0) return
  const list = missing.map(({ name, file }) => `  ${name}: ${file}`)
  throw new Error(['Cannot start the platform: programs are missing, "make tools" brings them', ...list].join('\n'))
}

function platformOf({ site, supervisor }: Opened): Platform {
  const never = new AbortController().signal
  return {
    dir: site.dir,
    endpoints: endpointsOf(site),
    elapsedMs: supervisor.elapsedMs,
    parts: () => supervisor.states(),
    pid: (part) => supervisor.processOf(part)?.pid,
    start: (part) => supervisor.start(part, never),
    stop: (part) => supervisor.stop(part),
    kill: (part, signal) => supervisor.kill(part, signal),
    down: () => withLock(site.dir, () => supervisor.stopAll('all')),
  }
}

/** Opens a platform that was started before, by its folder; undefined when there is none. */
export async function openPlatform(settings: PlatformSettings): Promise<Platform | undefined> {
  const state = await readState(pathsOf(settings.dir).state)
  return state === undefined ? undefined : platformOf(await open(settings, state))
}

/** Removes what a stopped instance left, and the folder when nothing else is in it; refuses a folder without a state. */
export async function wipePlatform(dir: string): Promise<void> {
  const at = pathsOf(dir)
  if ((await readState(at.state)) === undefined) {
    throw new Error(`Cannot remove ${JSON.stringify(dir)}: no platform was started there`)
  }
  await leaveServer(await siteDatabase(dir, at.secrets))
  // The state goes last: what was cut off can be done again.
  for (const path of [at.sockets, at.logs, at.config, at.data, at.kubeconfigs, at.pki, at.secrets, at.state]) {
    await rm(path, { recursive: true, force: true })
  }
  if ((await readdir(dir)).length === 0) await rmdir(dir)
}

/** A folder for a platform that ends with this command; those of commands that were killed are taken down first. */
export function temporaryPlatformFolder(prefix: string, log: (line: string) => void): Promise<TemporaryFolder> {
  const takeDown = async (dir: string): Promise<void> => {
    const platform = await openPlatform({ dir, log })
    if (platform === undefined) return
    await platform.down()
    await wipePlatform(dir)
  }
  return makeTemporaryFolder({ prefix, takeDown })
}
