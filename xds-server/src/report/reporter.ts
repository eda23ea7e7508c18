import { ownConditionTypes } from '@bulkhead/crds'
import type { Clock, KubeClient, Logger, ReconcileResult } from '@bulkhead/runtime'
import type { Fleet } from '@bulkhead/xds'
import type { Meters } from '../control/meters.ts'
import type { PublishedTenant } from '../control/publisher.ts'
import type { Finding, ObjectRef } from '../model/model.ts'
import type { PolicyPublisher } from '../ports.ts'
import type { Current, Objects } from '../watch/objects.ts'
import { blameFor } from './blame.ts'
import type { Counts } from './counts.ts'
import { isDifferent } from './difference.ts'
import { answersInMs, settlesInMs, soonest } from './pace.ts'
import { isComplete, objectConditions } from './status.ts'
import type { Publication, WantedCondition } from './status.ts'
import { StatusWriter } from './status-writer.ts'
import { reportOfTenant } from './tenant-report.ts'

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

const writesAtOnce = 8

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

/** Writes what became of each object of a tenant, and only what changed. */
export class Reporter {
  readonly #options: ReporterOptions
  readonly #memories = new Map<string, Memory>()
  readonly #writer: StatusWriter

  constructor(options: ReporterOptions) {
    this.#options = options
    this.#writer = new StatusWriter(options)
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
    const countsInMs = await this.#writeTenant(tenant, published, publication)
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

  async #writeObject({ ref, conditions: wanted }: Wanted): Promise<void> {
    const current = this.#options.objects.current(ref)?.conditions ?? []
    const status = ref.kind === 'Subscription' ? {} : { observedGeneration: ref.generation }
    await this.#writer.write({ ref, wanted, current, status })
  }

  /** Says when to come back for the counts, which are written seldom. */
  async #writeTenant(name: string, { built }: PublishedTenant, publication: Publication): Promise<number | undefined> {
    const { objects, clock } = this.#options
    const tenant = objects.tenant(name)
    const { ref } = built.model
    if (tenant?.metadata.uid !== ref.uid || tenant.metadata.generation !== ref.generation) return undefined
    const memory = this.#memoryOf(name)
    const view = { tenant, built, publication, counts: memory.counts, nowMs: clock.now() }
    const { write, againInMs } = reportOfTenant(view)
    if (write === undefined) return againInMs
    memory.counts = write.counts
    const { programmed, total } = write.counts
    const current = tenant.status?.conditions ?? []
    await this.#writer.write({ ref, wanted: [write.condition], current, status: { dataPlane: { programmed, total } } })
    return againInMs
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
