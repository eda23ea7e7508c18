// One kind of the API server, kept as a local copy for as long as the process lives. The server may go away, lie,
// stutter or fall silent: the copy stays, the changes that were missed are found by the next list, and never more than
// one request a second is made while something is wrong.
import { scheduler } from 'node:timers/promises'
import { z } from 'zod'
import { backoffMs } from '../backoff.ts'
import { KubeFault, TransportFault, isExpired } from '../kubernetes/fault.ts'
import type { WatchEvent } from '../kubernetes/kube-client.ts'
import { isAborted, pause } from '../pause.ts'
import { createDelivery } from './delivery.ts'
import type { Delivery } from './delivery.ts'
import { ListWatchFault } from './fault-reason.ts'
import { createReplica } from './replica.ts'
import type { Replica } from './replica.ts'
import { isOlder } from './resource-version.ts'
import { createStore } from './store.ts'
import { createTelemetry } from './telemetry.ts'
import type { Telemetry } from './telemetry.ts'
import type { ListWatch, ListWatchOptions, ListWatchTuning } from './types.ts'
import { startWatchdog } from './watchdog.ts'

const defaultTuning: ListWatchTuning = {
  pageSize: 500,
  watchTimeoutMs: 300_000,
  // The API server sends a bookmark about once a minute.
  stallMs: 90_000,
  relistMs: 600_000,
  backoffBaseMs: 2_000,
  backoffMaxMs: 20_000,
  random: Math.random,
}

// A watch that lived this long was a good one; when the server ends it, the next may start at once.
const goodWatchMs = 5_000
const shortestWatchMs = 10_000
// What the server has to end a watch by itself after the time that we asked for.
const endGraceMs = 15_000
// Resuming again and again at the place that breaks us would never get past it.
const maxBarrenResumes = 2
const itemsPerTurn = 500

/** Lists and watches one kind until the signal is aborted, whatever the API server or the network do meanwhile. */
export function superviseListWatch<T>(options: ListWatchOptions<T>): ListWatch<T> {
  const tuning = { ...defaultTuning, ...options.tuning }
  const telemetry = createTelemetry(options.kind, options.logger, options.metrics)
  const delivery = createDelivery<T>({
    onChange: options.onChange,
    logger: options.logger,
    faults: telemetry.handlerFaults,
  })
  const replica = createReplica<T>({
    store: createStore(options.indexes),
    parse: options.parse,
    emit: (change) => delivery.deliver(change),
    quarantine: (key, problem) => {
      options.logger.error({ kind: options.kind.kind, key, problem }, 'object cannot be used, it is set aside')
      delivery.guard(key, () => options.onQuarantine?.(key, problem))
    },
    release: (key) => delivery.guard(key, () => options.onRelease?.(key)),
  })
  const follower = new Follower({ options, tuning, telemetry, delivery, replica })
  const stopped = follower.run()
  return {
    store: replica.store,
    synced: follower.synced,
    isSynced: () => follower.isSynced,
    lastContactMs: () => follower.contactMs,
    quarantined: () => replica.quarantined,
    stopped,
  }
}

interface FollowerParts<T> {
  readonly options: ListWatchOptions<T>
  readonly tuning: ListWatchTuning
  readonly telemetry: Telemetry
  readonly delivery: Delivery<T>
  readonly replica: Replica<T>
}

const versioned = z.object({ metadata: z.object({ resourceVersion: z.string().min(1) }) })

/** Has a life: it lists, watches and waits, again and again. */
class Follower<T> {
  readonly synced: Promise<void>
  isSynced = false
  contactMs = 0
  readonly #parts: FollowerParts<T>
  readonly #markSynced: () => void
  /** Everything up to here is in the replica; it never goes back. */
  #version: string | undefined
  #needsList = true
  #nextListMs = 0
  #attempt = 0
  #barrenResumes = 0
  #pageSize: number

  constructor(parts: FollowerParts<T>) {
    const { promise, resolve } = Promise.withResolvers<undefined>()
    this.synced = promise
    this.#markSynced = () => resolve(undefined)
    this.#parts = parts
    this.#pageSize = parts.tuning.pageSize
  }

  async run(): Promise<void> {
    const { clock, signal } = this.#parts.options
    while (!signal.aborted) {
      const waitMs = await this.#cycle()
      if (isAborted(signal)) return
      this.#parts.delivery.redeliver()
      if (waitMs > 0) await pause(clock, waitMs, signal)
    }
  }

  /** One list (when needed) and one watch; says how long to wait before the next. Never rejects. */
  async #cycle(): Promise<number> {
    const { clock, signal } = this.#parts.options
    const startedMs = clock.now()
    const versionBefore = this.#version
    try {
      if (this.#needsList) await this.#list()
      await this.#watch()
      if (clock.now() - startedMs < goodWatchMs) {
        throw new ListWatchFault('ended', 'The API server ended the watch at once')
      }
      this.#attempt = 0
      this.#barrenResumes = 0
      return 0
    } catch (error) {
      if (isAborted(signal)) return 0
      return this.#recover(error, this.#version !== versionBefore)
    }
  }

  #recover(error: unknown, hasProgressed: boolean): number {
    if (hasProgressed) this.#attempt = 0
    this.#barrenResumes = hasProgressed ? 0 : this.#barrenResumes + 1
    if (isExpired(error) || this.#barrenResumes >= maxBarrenResumes) this.#needsList = true
    if (error instanceof TransportFault && error.problem === 'too-large') {
      this.#pageSize = Math.max(1, Math.floor(this.#pageSize / 4))
    }
    const { backoffBaseMs: baseMs, backoffMaxMs: maxMs, random } = this.#parts.tuning
    const askedMs = error instanceof KubeFault ? (error.retryAfterMs ?? 0) : 0
    const waitMs = Math.max(askedMs, backoffMs(this.#attempt, { baseMs, maxMs, random }))
    this.#attempt += 1
    this.#parts.telemetry.failed(error, waitMs)
    return waitMs
  }

  async #list(): Promise<void> {
    const { replica, tuning } = this.#parts
    const { items, resourceVersion } = await this.#listPages()
    // An API server that lags behind would bring deleted objects back and take new ones away. What we have is newer,
    // so its list is refused as a whole until it has caught up. (etcd restored from a backup looks the same and never
    // catches up: then this process must be started again, as Kubernetes asks of every client.)
    if (isOlder(resourceVersion, this.#version)) {
      throw new ListWatchFault(
        'stale',
        `The list is of version "${resourceVersion}", and "${this.#version ?? ''}" was already seen; ` +
          'restart this process if etcd was restored from a backup',
      )
    }
    // Gone before new: what one object gives up, another may take in the same list.
    replica.retain(items)
    for (let start = 0; start < items.length; start += itemsPerTurn) {
      for (const item of items.slice(start, start + itemsPerTurn)) replica.take(item)
      await scheduler.yield() // a long list must not starve health checks and streams
    }
    this.#version = resourceVersion
    this.#needsList = false
    this.#nextListMs = this.#parts.options.clock.now() + tuning.relistMs * (0.9 + 0.2 * tuning.random())
    this.#heard()
    this.isSynced = true
    this.#markSynced()
  }

  async #listPages(): Promise<{ readonly items: readonly unknown[]; readonly resourceVersion: string }> {
    const { client, kind, namespace, labelSelector, fieldSelector, signal } = this.#parts.options
    const scope = { namespace, labelSelector, fieldSelector, signal, limit: this.#pageSize }
    const items: unknown[] = []
    let token: string | undefined
    for (;;) {
      this.#parts.telemetry.requested('list')
      const page = await client.list(kind, { ...scope, continue: token })
      for (const item of page.items) items.push(item)
      if (page.continue === undefined) return { items, resourceVersion: page.resourceVersion }
      if (page.continue === token) throw new TransportFault('malformed', 'The list goes round in a circle')
      token = page.continue
    }
  }

  async #watch(): Promise<void> {
    const { client, kind, namespace, labelSelector, fieldSelector, clock, signal } = this.#parts.options
    const { tuning, telemetry } = this.#parts
    const askedMs = Math.min(tuning.watchTimeoutMs, Math.max(shortestWatchMs, this.#nextListMs - clock.now()))
    const ended = new AbortController()
    let isOver = false
    const watchdog = startWatchdog({
      clock,
      stallMs: tuning.stallMs,
      deadlineMs: clock.now() + askedMs + endGraceMs,
      onStall: () => ended.abort(new ListWatchFault('stalled', `The watch was silent for ${tuning.stallMs} ms`)),
      onDeadline: () => {
        isOver = true
        ended.abort(new Error('The watch has run its time'))
      },
    })
    telemetry.requested('watch')
    const scope = { namespace, labelSelector, fieldSelector, resourceVersion: this.#version ?? '' }
    const limits = { timeoutSeconds: Math.ceil(askedMs / 1000), signal: AbortSignal.any([signal, ended.signal]) }
    try {
      for await (const event of client.watch(kind, { ...scope, ...limits })) {
        watchdog.feed()
        this.#take(event)
      }
    } catch (error) {
      if (!wasSet(isOver)) throw error
    } finally {
      watchdog.stop()
    }
    if (clock.now() >= this.#nextListMs) this.#needsList = true
  }

  #take(event: WatchEvent): void {
    const { replica } = this.#parts
    const parsed = versioned.safeParse(event.object)
    const version = parsed.success ? parsed.data.metadata.resourceVersion : undefined
    // Events come in the order of their versions; an older one is a repeat, and may speak of an object long gone.
    if (isOlder(version, this.#version)) return
    if (event.type === 'DELETED') replica.remove(event.object)
    else if (event.type === 'ADDED' || event.type === 'MODIFIED') replica.take(event.object)
    else if (event.type !== 'BOOKMARK') {
      throw new TransportFault('malformed', `Cannot use a watch event of type "${event.type.slice(0, 100)}"`)
    }
    this.#version = version ?? this.#version
    this.#heard()
  }

  #heard(): void {
    const { telemetry, replica, options } = this.#parts
    this.contactMs = options.clock.now()
    telemetry.worked(this.contactMs)
    telemetry.counted(replica.store.size, replica.quarantined.size)
  }
}

function wasSet(flag: boolean): boolean {
  return flag
}
