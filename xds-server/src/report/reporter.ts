import type { Condition } from '@bulkhead/crds'
import { findCondition, ownConditionTypes } from '@bulkhead/crds'
import type { Clock, KubeClient, Logger, ReconcileResult } from '@bulkhead/runtime'
import { isConflict, isNotFound } from '@bulkhead/runtime'
import type { Meters } from '../control/meters.ts'
import type { PublishedTenant } from '../control/publisher.ts'
import type { Finding, ObjectRef } from '../model/model.ts'
import type { PolicyPublisher } from '../ports.ts'
import type { Fleet } from '../store/index.ts'
import type { Current, Objects } from '../watch/objects.ts'
import { kindInfo } from '../watch/seen.ts'
import { blameFor } from './blame.ts'
import { countsDueInMs, shownCounts } from './counts.ts'
import type { Counts } from './counts.ts'
import { isDifferent, timed, transitionOf } from './difference.ts'
import { eventKind, eventOf } from './event.ts'
import type { Publication, WantedCondition } from './status.ts'
import { isComplete, noAnswerMs, objectConditions, reconnectMs, tenantCondition } from './status.ts'

export interface ReporterOptions {
  readonly client: Pick<KubeClient, 'applyStatus' | 'create'>
  readonly objects: Objects
  readonly published: (tenant: string) => PublishedTenant | undefined
  readonly fleet: Pick<Fleet, 'programmed'>
  readonly policy: Pick<PolicyPublisher, 'programmed'>
  readonly clock: Clock
  readonly logger: Logger
  readonly meters: Meters
}

const fieldManager = 'bulkhead-xds-server'
// Most answers come within a few milliseconds: to report before that would double the writes.
const settleMs = 500
// Our own write comes back through the watch within this time, or it was overwritten by somebody.
const echoMs = 10_000
const writesAtOnce = 8
// Not everything that completes a publication is an event: the longer nobody answers, the less often it is looked at.
const lookAgainMs = 60_000

interface Wanted {
  readonly ref: ObjectRef
  readonly conditions: readonly WantedCondition[]
}

/** What is remembered of a tenant between two reports. */
interface Memory {
  isSettled: boolean
  isRefused: boolean
  /** The publication whose arrival was measured. */
  measuredMs: number | undefined
  counts: Counts | undefined
}

interface Write {
  readonly text: string
  readonly atMs: number
}

/** Writes what became of each object of a tenant, and only what changed. */
export class Reporter {
  readonly #options: ReporterOptions
  readonly #memories = new Map<string, Memory>()
  readonly #writes = new Map<string, Write>()

  constructor(options: ReporterOptions) {
    this.#options = options
  }

  /** Whether there was nothing left to wait for when the tenant was reported last. */
  isSettled(tenant: string): boolean {
    return this.#memories.get(tenant)?.isSettled ?? false
  }

  /** Brings the statuses of one tenant's objects up to date; throws what could not be written. */
  async report(tenant: string): Promise<ReconcileResult> {
    const published = this.#options.published(tenant)
    if (published === undefined) {
      this.#memories.delete(tenant)
      return {}
    }
    const publication = this.#publicationOf(published)
    const isArrived = isComplete(publication)
    this.#memoryOf(tenant).isSettled = isArrived && publication.envoys.connected > 0 && publication.opas.connected > 0
    this.#tellTurns(tenant, publication, isArrived)
    if (isArrived && publication.envoys.connected > 0) this.#measure(tenant, published)
    const waitMs = settlesInMs(publication)
    if (waitMs !== undefined) return { requeueAfterMs: waitMs }
    await this.#writeAll(this.#wantedOf(published, publication))
    const countsInMs = await this.#writeTenant(tenant, published, publication, this.#memoryOf(tenant))
    return soonest(countsInMs, answersInMs(publication))
  }

  #publicationOf({ group, built, revision, publishedAtMs }: PublishedTenant): Publication {
    const { fleet, policy, clock } = this.#options
    const { connected, acked, nacked } = fleet.programmed(group)
    const opas = policy.programmed(revision)
    return {
      envoys: { connected, acked },
      opas: { connected: opas.connected.length, holding: opas.holding },
      blame: blameFor(nacked, built.model),
      ageMs: clock.now() - publishedAtMs,
    }
  }

  #tellTurns(tenant: string, { blame }: Publication, isArrived: boolean): void {
    const { logger, meters } = this.#options
    const memory = this.#memoryOf(tenant)
    if (blame !== undefined && !memory.isRefused) {
      meters.rejected.add({ tenant_id: tenant })
      logger.warn({ tenant, words: blame.message }, 'an Envoy refused the tenant, its last good state stays')
    }
    if (isArrived && memory.isRefused) logger.info({ tenant }, 'tenant recovered from a refusal')
    if (blame !== undefined || isArrived) memory.isRefused = blame !== undefined
  }

  #measure(tenant: string, { publishedAtMs, requestedAtMs }: PublishedTenant): void {
    const memory = this.#memoryOf(tenant)
    if (memory.measuredMs === publishedAtMs) return
    memory.measuredMs = publishedAtMs
    this.#options.meters.propagationSeconds.observe((this.#options.clock.now() - requestedAtMs) / 1000)
  }

  #wantedOf({ built }: PublishedTenant, publication: Publication): readonly Wanted[] {
    const { objects } = this.#options
    return built.findings.flatMap((finding): readonly Wanted[] => {
      const current = finding.ref.kind === 'Tenant' ? undefined : currentOf(objects, finding)
      if (current === undefined) return []
      const conditions = objectConditions(finding, publication, current.conditions)
      const types = ownConditionTypes('xds-server', finding.ref.kind)
      return isDifferent(conditions, current.conditions, types) ? [{ ref: finding.ref, conditions }] : []
    })
  }

  async #writeAll(wanted: readonly Wanted[]): Promise<void> {
    for (let start = 0; start < wanted.length; start += writesAtOnce) {
      await Promise.all(wanted.slice(start, start + writesAtOnce).map((each) => this.#writeObject(each)))
    }
  }

  async #writeObject({ ref, conditions }: Wanted): Promise<void> {
    const current = this.#options.objects.current(ref)
    const withGeneration = ref.kind === 'Subscription' ? {} : { observedGeneration: ref.generation }
    await this.#write(ref, conditions, current?.conditions ?? [], withGeneration)
  }

  /** Says when to come back for the counts, which are written seldom. */
  // eslint-disable-next-line complexity -- one write for each kind, in one place
  async #writeTenant(
    name: string,
    { built }: PublishedTenant,
    publication: Publication,
    memory: Memory,
  ): Promise<number | undefined> {
    const { objects, clock } = this.#options
    const tenant = objects.tenant(name)
    const { ref } = built.model
    if (tenant?.metadata.uid !== ref.uid || tenant.metadata.generation !== ref.generation) return undefined
    const finding = built.findings.find(({ ref: { kind } }) => kind === 'Tenant')
    const condition = tenantCondition(tenant, { model: built.model, finding }, publication)
    const { conditions = [], dataPlane } = tenant.status ?? {}
    const fresh = { programmed: publication.envoys.acked, total: publication.envoys.connected, atMs: clock.now() }
    const shown = memory.counts ?? shownCounts(dataPlane)
    const heldMs = countsHeldInMs(publication, shown)
    const dueInMs = heldMs ?? countsDueInMs(shown, fresh)
    const isNews = isDifferent([condition], conditions, ownConditionTypes('xds-server', 'Tenant'))
    // Before the operator has judged this generation there is nothing to say of it: its word brings us back here.
    if (isUnjudged(condition) && findCondition(conditions, 'Programmed') !== undefined) return heldMs
    if (!isNews && dueInMs !== 0) return dueInMs
    const counts = heldMs === undefined || shown === undefined ? fresh : shown
    memory.counts = counts
    const { programmed, total } = counts
    await this.#write(ref, [condition], conditions, { dataPlane: { programmed, total } })
    return heldMs
  }

  async #write(
    ref: ObjectRef,
    wanted: readonly WantedCondition[],
    current: readonly Condition[],
    status: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    const { client, clock, meters } = this.#options
    const text = JSON.stringify([wanted, status])
    const last = this.#writes.get(ref.uid)
    if (last?.text === text && clock.now() - last.atMs < echoMs) return
    const now = new Date(clock.now()).toISOString().replace(/\.[0-9]{3}Z$/, 'Z')
    const kind = kindInfo[ref.kind]
    const { name, namespace, uid } = ref
    // With the uid, so that a status never lands on an object that was made anew under the same name.
    const metadata = { name, ...(namespace === undefined ? {} : { namespace }), uid }
    const conditions = timed(wanted, current, now)
    try {
      await client.applyStatus(kind, { metadata, status: { ...status, conditions } }, { fieldManager, force: true })
    } catch (error) {
      if (isNotFound(error) || isConflict(error)) return // gone, or another object by now: its own report will come
      throw error
    }
    meters.statusWrites.add({ kind: ref.kind })
    this.#remember(uid, { text, atMs: clock.now() })
    const transition = transitionOf(wanted, current)
    if (transition !== undefined) await this.#tellEvent(ref, transition, now)
  }

  #remember(uid: string, write: Write): void {
    this.#writes.delete(uid)
    this.#writes.set(uid, write)
    // In the order of writing: what is no longer an echo is of no use.
    for (const [key, { atMs }] of this.#writes) {
      if (write.atMs - atMs < echoMs) break
      this.#writes.delete(key)
    }
  }

  async #tellEvent(
    ref: ObjectRef,
    transition: NonNullable<ReturnType<typeof transitionOf>>,
    now: string,
  ): Promise<void> {
    try {
      await this.#options.client.create(eventKind, eventOf(ref, kindInfo[ref.kind], transition, now), { fieldManager })
    } catch (error) {
      // An Event is a courtesy: the condition says the same, and stays.
      this.#options.logger.debug({ err: error, kind: ref.kind, name: ref.name }, 'event was not written')
    }
  }

  #memoryOf(tenant: string): Memory {
    const known = this.#memories.get(tenant)
    if (known !== undefined) return known
    const memory: Memory = { isSettled: false, isRefused: false, measuredMs: undefined, counts: undefined }
    this.#memories.set(tenant, memory)
    return memory
  }
}

// A newer generation is being built already; what was found of the older one is no longer of interest.
function currentOf(objects: Objects, { ref }: Finding): Current | undefined {
  const current = objects.current(ref)
  return current?.uid === ref.uid && current.generation === ref.generation ? current : undefined
}

function isPending(publication: Publication): boolean {
  return publication.blame === undefined && !isComplete(publication)
}

function settlesInMs(publication: Publication): number | undefined {
  const { envoys, ageMs } = publication
  return isPending(publication) && envoys.connected > 0 && ageMs < settleMs ? settleMs - ageMs : undefined
}

function isUnjudged({ status, reason }: WantedCondition): boolean {
  return status === 'Unknown' && reason === 'Waiting'
}

// An edit is on its way to Envoys that had the one before, and after a start of ours the fleet finds us one by one: what
// is counted meanwhile is no news, and each Tenant would be written twice for it.
function countsHeldInMs(publication: Publication, shown: Counts | undefined): number | undefined {
  const { envoys, ageMs } = publication
  if (shown === undefined) return undefined
  if (envoys.connected < shown.total && ageMs < reconnectMs) return reconnectMs - ageMs
  return isPending(publication) && ageMs < noAnswerMs ? noAnswerMs - ageMs : undefined
}

// When time alone may change what is to be said.
function answersInMs(publication: Publication): number | undefined {
  const { envoys, ageMs } = publication
  if (isPending(publication)) return ageMs < noAnswerMs ? noAnswerMs - ageMs : Math.min(ageMs, lookAgainMs)
  return envoys.connected === 0 && ageMs < reconnectMs ? reconnectMs - ageMs : undefined
}

function soonest(...waits: readonly (number | undefined)[]): ReconcileResult {
  const known = waits.filter((ms) => ms !== undefined)
  return known.length === 0 ? {} : { requeueAfterMs: Math.min(...known) }
}
