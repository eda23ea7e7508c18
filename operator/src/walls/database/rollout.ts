// Which version a tenant's schema is to have, for the leader: it opens wave after wave, and stops all of them when a
// migration fails. The rules stand in `database`; here they meet the Tenants, the clock and the registry.
import {
  advance,
  checksumOfAll,
  createRolloutRegistry,
  currentRollout,
  isOpen,
  laggards,
  tenantMigrations,
  versionFor,
  waveOf,
  waves,
} from '@bulkhead/database'
import type {
  Database,
  Failure,
  Known,
  Member,
  Migration,
  MigrationFailed,
  Rollout,
  RolloutRegistry,
  RolloutState,
} from '@bulkhead/database'
import { pause } from '@bulkhead/runtime'
import type { Clock, Logger, Metrics } from '@bulkhead/runtime'

/** What becomes of one tenant's schema next. */
export interface SchemaPlan {
  /** What it may have now; one that is further stays so. */
  readonly version: number
  /** What every schema is to have in the end. */
  readonly newest: number
  /** The newest that this operator knows itself. */
  readonly known: number
  /** Why it may not have the newest now. */
  readonly hindrance: Hindrance | undefined
}

export type Hindrance =
  /** Its wave is not open yet, or a migration of somebody else failed. */
  | { readonly kind: 'wave' | 'stopped' }
  /** Somebody holds what it needs. */
  | { readonly kind: 'busy'; readonly words: string }
  | ({ readonly kind: 'failed' } & Pick<Failure, 'version' | 'words' | 'request'>)

/** Whose schema it is, and what was asked for. */
export interface Subject {
  readonly id: string
  readonly channel: Member['channel']
  /** What a person asks for after a failure; something new has it tried again. */
  readonly request: string | undefined
}

/** A schema that stands, and the name of its tenant. */
export interface Standing extends Member {
  readonly name: string
}

export interface Rollouts {
  planFor(subject: Subject): SchemaPlan
  /** The schema came to the version. */
  migrated(id: string, version: number): void
  /** It could not now, and is tried again in a while. */
  busy(id: string, words: string): void
  /** Stops everything that would come after it. */
  failed(subject: Subject, failure: MigrationFailed, signal: AbortSignal): Promise<void>
  /**
   * Opens wave after wave until the answer is called. Which rollout is under way is settled at once.
   */
  start(around: Around): () => Promise<void>
}

/** The Tenants, as far as a rollout needs them. */
export interface Around {
  /** The schemas that a wave waits for. */
  readonly look: () => readonly Standing[]
  readonly isThere: (id: string) => boolean
  /** Has a tenant looked at anew. */
  readonly wake: (name: string) => void
}

export interface RolloutOptions {
  readonly registry: RolloutRegistry
  /** What the registry held when this leader began. */
  readonly stored: RolloutState
  readonly known: Known
  readonly soakMs: number
  readonly tickMs?: number
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
}

const busyMs = 30_000
const rewakeMs = 60_000

export interface Opening extends Pick<RolloutOptions, 'soakMs' | 'tickMs' | 'clock' | 'logger' | 'metrics'> {
  /** The history of tenants' schemas; left out, the one of this release. */
  readonly migrations?: readonly Migration[]
  readonly signal: AbortSignal
}

/** Reads how far the rollout has come, and goes on from there once it is started. */
export async function openRollouts(database: Database, opening: Opening): Promise<Rollouts> {
  const { migrations = tenantMigrations, signal, ...rest } = opening
  const registry = createRolloutRegistry(database)
  const known = { version: migrations.length, checksum: checksumOfAll(migrations) }
  return createRollouts({ ...rest, registry, known, stored: await registry.read(signal) })
}

export function createRollouts(options: RolloutOptions): Rollouts {
  return new Keeper(options)
}

/** Has a life: it opens waves between `start` and its answer. */
class Keeper implements Rollouts {
  readonly #options: RolloutOptions
  readonly #failures: Map<string, Failure>
  readonly #busy = new Map<string, { readonly words: string; readonly untilMs: number }>()
  readonly #wokenAtMs = new Map<string, number>()
  readonly #meters
  #rollout: Rollout | undefined
  /** What the registry holds, as one text to compare. */
  #stored: string

  constructor(options: RolloutOptions) {
    this.#options = options
    this.#rollout = options.stored.rollout
    this.#failures = new Map(options.stored.failures.map((failure) => [failure.tenantId, failure]))
    this.#stored = JSON.stringify(options.stored)
    this.#meters = metersOf(options.metrics)
  }

  planFor({ id, channel, request }: Subject): SchemaPlan {
    const { known } = this.#options
    const rollout = this.#rollout
    if (rollout === undefined) {
      return { version: known.version, newest: known.version, known: known.version, hindrance: undefined }
    }
    const failure = this.#failures.get(id)
    const isAgain = failure !== undefined && failure.request !== request
    const busy = this.#busyWords(id)
    const isStopped = busy !== undefined || (this.#failures.size > 0 && !isAgain)
    const wave = waveOf({ id, channel })
    const plan = {
      version: versionFor(rollout, known, wave, isStopped),
      ...{ newest: rollout.version, known: known.version },
    }
    if (failure !== undefined && !isAgain) return { ...plan, hindrance: { kind: 'failed', ...failure } }
    if (busy !== undefined) return { ...plan, hindrance: { kind: 'busy', words: busy } }
    if (isStopped) return { ...plan, hindrance: { kind: 'stopped' } }
    return { ...plan, hindrance: isOpen(rollout.phase, wave) ? undefined : { kind: 'wave' } }
  }

  migrated(id: string, version: number): void {
    this.#busy.delete(id)
    this.#wokenAtMs.delete(id)
    // At the version of before it says nothing of the one that failed.
    if ((this.#failures.get(id)?.version ?? Infinity) <= version) this.#failures.delete(id)
  }

  busy(id: string, words: string): void {
    this.#busy.set(id, { words, untilMs: this.#options.clock.now() + busyMs })
  }

  async failed({ id, request }: Subject, { version, words }: MigrationFailed, signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#options
    this.#failures.set(id, { tenantId: id, version, words, request, atMs: clock.now() })
    logger.error({ tenantId: id, version, why: words }, 'a migration failed, nothing is migrated further')
    await this.#store(signal)
  }

  start(around: Around): () => Promise<void> {
    const { known, clock } = this.#options
    const standing = around.look().map(({ version }) => version)
    const before = this.#rollout
    this.#rollout = currentRollout(before, known, standing, clock.now())
    // What failed in another version was mended by this one, or comes again.
    if (before !== this.#rollout) this.#failures.clear()
    const stopper = new AbortController()
    const running = this.#run(around, stopper.signal)
    return async () => {
      stopper.abort(new Error('The rollout was stopped'))
      await running
    }
  }

  async #run(around: Around, signal: AbortSignal): Promise<void> {
    const { clock, logger, tickMs = 5_000 } = this.#options
    do {
      try {
        await this.#tick(around, signal)
      } catch (err) {
        if (!signal.aborted) logger.warn({ err }, 'the rollout could not be noted, it is tried again')
      }
    } while (await pause(clock, tickMs, signal))
  }

  async #tick({ look, isThere, wake }: Around, signal: AbortSignal): Promise<void> {
    const { clock, soakMs, logger } = this.#options
    for (const id of [...this.#failures.keys()].filter((one) => !isThere(one))) this.#failures.delete(id)
    // What could not be noted yet is noted first: a later leader must know of every wave that was opened.
    await this.#store(signal)
    const rollout = this.#rollout
    if (rollout === undefined) return
    const members = look()
    const next = this.#failures.size > 0 ? rollout : advance(rollout, members, clock.now(), soakMs)
    if (next.phase !== rollout.phase)
      logger.info({ version: next.version, wave: next.phase }, 'a wave of migrations opens')
    this.#rollout = next
    await this.#store(signal)
    this.#measure(next, members)
    if (this.#failures.size === 0) this.#wake(next, members, wake)
  }

  #wake(rollout: Rollout, members: readonly Standing[], wake: (name: string) => void): void {
    const { clock, known } = this.#options
    if (rollout.version > known.version) return
    const behind = new Set(laggards(rollout, members).map(({ id }) => id))
    for (const { id, name } of members.filter((member) => behind.has(member.id))) {
      if (clock.now() - (this.#wokenAtMs.get(id) ?? -Infinity) < rewakeMs) continue
      this.#wokenAtMs.set(id, clock.now())
      wake(name)
    }
  }

  #busyWords(id: string): string | undefined {
    const busy = this.#busy.get(id)
    return busy !== undefined && this.#options.clock.now() < busy.untilMs ? busy.words : undefined
  }

  async #store(signal: AbortSignal): Promise<void> {
    const state: RolloutState = { rollout: this.#rollout, failures: [...this.#failures.values()] }
    const text = JSON.stringify(state)
    if (text === this.#stored) return
    await this.#options.registry.write(state, signal)
    this.#stored = text
  }

  #measure(rollout: Rollout, members: readonly Member[]): void {
    this.#meters.wave.set(rollout.phase === 'done' ? 0 : waves.indexOf(rollout.phase) + 1)
    this.#meters.version.set(rollout.version)
    this.#meters.behind.set(members.filter(({ version }) => version < rollout.version).length)
    this.#meters.failed.set(this.#failures.size)
  }
}

function metersOf(metrics: Metrics) {
  return {
    wave: metrics.gauge({
      name: 'bulkhead_operator_migration_wave',
      help: 'Which wave of migrations is open: 1 canaries, 2 a tenth, 3 the rest; 0 while none is under way',
    }),
    version: metrics.gauge({
      name: 'bulkhead_operator_migration_version',
      help: "The version that every tenant's schema is to have",
    }),
    behind: metrics.gauge({
      name: 'bulkhead_operator_migrations_behind',
      help: 'Schemas that have not come to that version yet',
    }),
    failed: metrics.gauge({
      name: 'bulkhead_operator_migrations_failed',
      help: 'Schemas whose migration failed; while there is one, nobody else is migrated',
    }),
  }
}
