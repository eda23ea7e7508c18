import { createHttpServer } from '@bulkhead/runtime'
import type { Clock, Logger, ServerTls } from '@bulkhead/runtime'
import { bundleRoutes } from './http/bundle-routes.ts'
import { BundleSource } from './content/bundle-source.ts'
import { BundleStore } from './content/bundle-store.ts'
import type { BundleOperation, RateLimitData } from './data.ts'
import { Instances, holds } from './http/instances.ts'
import type { OpaInstance } from './http/instances.ts'

const limits = {
  maxPatches: 1000,
  maxPatchCharacters: 8 * 1024 * 1024,
  maxStatusBytes: 256 * 1024,
  maxInstances: 1000,
  maxTimedRevisions: 256,
  // An OPA that is there always waits for the next bundle, but for a moment between two; it reports after each wait.
  pollGraceMs: 5_000,
  reportGraceMs: 45_000,
}

export interface BundleServerOptions {
  readonly fleet: string
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
  /** The client CA is what makes this server safe: without it nobody could be told apart. */
  readonly tls: ServerTls & { readonly clientCa: string }
  /** The text of `policy/authz.rego`. */
  readonly policy: string
  /** What the shared pool holds until `setPool` says otherwise. */
  readonly pool: RateLimitData
  /** Names this process in revisions: lower-case letters and digits, another one at every start. */
  readonly incarnation: string
  readonly clock: Clock
  readonly logger: Logger
}

/** How far a revision has come. */
export interface ProgrammedOpas {
  readonly connected: readonly OpaInstance[]
  /** How many of them decide by this revision or a later one. */
  readonly holding: number
}

/** What an OPA reported, with the time since the revision that it took up was published here. */
export interface OpaReport {
  readonly instance: OpaInstance
  /** Undefined when the revision is not of this process, or too old. */
  readonly delayMs: number | undefined
}

export interface BundleServer {
  readonly port: number
  /** Makes the edits, wakes who waits, and returns the revision that holds them. */
  publish(operations: readonly BundleOperation[]): string
  /** Call once everything was published for the first time: until then no OPA gets a bundle. */
  open(): void
  revision(): string
  programmed(revision: string): ProgrammedOpas
  /** Calls back when an OPA reports something new; the result ends that. */
  onStatus(listener: (report: OpaReport) => void): () => void
  /** New connections get this certificate. */
  setTls(tls: ServerTls & { readonly clientCa: string }): void
  /** Ends what waits and resolves when all connections are closed. */
  close(): Promise<void>
}

/** Starts the server that the fleet's OPAs get their policy and data from; resolves once it listens. */
export async function createBundleServer(options: BundleServerOptions): Promise<BundleServer> {
  const { clock, logger, policy } = options
  const store = new BundleStore({ ...limits, policy, pool: options.pool, incarnation: options.incarnation })
  const source = new BundleSource(store, policy)
  const instances = new Instances(limits)
  const listeners = new Set<(report: OpaReport) => void>()
  const publishedAtMs = new Map<string, number>()

  const onNews = (instance: OpaInstance): void => {
    const nowMs = clock.now()
    const { id: opa, revision, problem } = instance
    if (problem === undefined) logger.debug({ opa, revision }, 'opa took up a bundle')
    else logger.warn({ opa, revision, problem }, 'opa cannot take up a bundle')
    const startMs = revision === undefined ? undefined : publishedAtMs.get(revision)
    const delayMs = startMs === undefined ? undefined : nowMs - startMs
    for (const listener of [...listeners]) listener({ instance, delayMs })
  }

  const server = await createHttpServer({
    host: options.host,
    port: options.port,
    tls: options.tls,
    maxBodyBytes: limits.maxStatusBytes,
    routes: bundleRoutes({ fleet: options.fleet, source, instances, clock, onNews }),
    onFault: (error, path) => logger.error({ err: error, path }, 'bundle request failed'),
  })

  return {
    port: server.port,
    publish: (operations) => {
      const before = store.revision()
      const revision = store.apply(operations)
      if (revision !== before) {
        remember(publishedAtMs, revision, clock.now())
        source.wake()
      }
      return revision
    },
    open: () => source.open(),
    revision: () => store.revision(),
    programmed: (revision) => {
      const connected = instances.connected(clock.now())
      return { connected, holding: connected.filter((instance) => holds(instance, revision)).length }
    },
    onStatus: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    setTls: (tls) => server.setTls(tls),
    close: () => server.close(),
  }
}

function remember(times: Map<string, number>, revision: string, nowMs: number): void {
  times.set(revision, nowMs)
  const [oldest] = times.keys()
  if (times.size > limits.maxTimedRevisions && oldest !== undefined) times.delete(oldest)
}
