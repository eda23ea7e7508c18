import type { Condition } from '@bulkhead/crds'
import type { Clock, KubeClient, Logger } from '@bulkhead/runtime'
import { isConflict, isNotFound, timestamp } from '@bulkhead/runtime'
import type { Meters } from '../control/meters.ts'
import type { ObjectRef } from '../model/model.ts'
import { kindInfo } from '../watch/seen.ts'
import { timed, transitionOf } from './difference.ts'
import type { Transition } from './difference.ts'
import { eventKind, eventOf } from './event.ts'
import type { WantedCondition } from './status.ts'

export interface StatusWriterOptions {
  readonly client: Pick<KubeClient, 'applyStatus' | 'create'>
  readonly clock: Clock
  readonly logger: Logger
  readonly meters: Pick<Meters, 'statusWrites'>
}

/** What an object's status is to say, and what it says now. */
export interface StatusWrite {
  readonly ref: ObjectRef
  readonly wanted: readonly WantedCondition[]
  readonly current: readonly Condition[]
  /** What stands beside the conditions. */
  readonly status: Readonly<Record<string, unknown>>
}

interface Written {
  readonly text: string
  readonly atMs: number
}

const fieldManager = 'bulkhead-xds-server'
// Our own write comes back through the watch within this time, or it was overwritten by somebody.
const echoMs = 10_000

/** Writes statuses, each once however late its echo comes, and tells of what turned. */
export class StatusWriter {
  readonly #options: StatusWriterOptions
  readonly #written = new Map<string, Written>()

  constructor(options: StatusWriterOptions) {
    this.#options = options
  }

  /** Throws what could not be written; an object that is gone, or another by now, is no fault. */
  async write({ ref, wanted, current, status }: StatusWrite): Promise<void> {
    const { client, clock, meters } = this.#options
    const text = JSON.stringify([wanted, status])
    const last = this.#written.get(ref.uid)
    if (last?.text === text && clock.now() - last.atMs < echoMs) return
    const now = timestamp(clock.now())
    const { name, namespace, uid } = ref
    // With the uid, so that a status never lands on an object that was made anew under the same name.
    const metadata = { name, ...(namespace === undefined ? {} : { namespace }), uid }
    const body = { metadata, status: { ...status, conditions: timed(wanted, current, now) } }
    try {
      await client.applyStatus(kindInfo[ref.kind], body, { fieldManager, force: true })
    } catch (error) {
      if (isNotFound(error) || isConflict(error)) return // its own report will come
      throw error
    }
    meters.statusWrites.add({ kind: ref.kind })
    this.#remember(uid, { text, atMs: clock.now() })
    const transition = transitionOf(wanted, current)
    if (transition !== undefined) await this.#tell(ref, transition, now)
  }

  #remember(uid: string, written: Written): void {
    this.#written.delete(uid)
    this.#written.set(uid, written)
    // In the order of writing: what is no longer an echo is of no use.
    for (const [key, { atMs }] of this.#written) {
      if (written.atMs - atMs < echoMs) break
      this.#written.delete(key)
    }
  }

  async #tell(ref: ObjectRef, transition: Transition, now: string): Promise<void> {
    const { client, logger } = this.#options
    try {
      await client.create(eventKind, eventOf(ref, kindInfo[ref.kind], transition, now), { fieldManager })
    } catch (error) {
      // An Event is a courtesy: the condition says the same, and stays.
      logger.debug({ err: error, kind: ref.kind, name: ref.name }, 'event was not written')
    }
  }
}
