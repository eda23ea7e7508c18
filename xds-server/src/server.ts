// The control plane of one fleet, without its network: objects come in by list and watch, publications go out to the
// fleet's snapshot and to the policy agents' data, and what became of them is written back.
import { scheduler } from 'node:timers/promises'
import type {
  Clock,
  KubeClient,
  KeyedQueue,
  KeyedQueueOptions,
  Logger,
  Metrics,
  ReadinessCheck,
  ReconcileResult,
} from '@bulkhead/runtime'
import { createKeyedQueue } from '@bulkhead/runtime'
import type { Fleet } from '@bulkhead/xds'
import { assembleFleet } from './assemble/assemble.ts'
import type { BuildSettings } from './build/input.ts'
import { HostCertificates } from './certificates/host-certificates.ts'
import type { EdgeCertificate } from './control/edge-certificates.ts'
import { IdentityHosts } from './control/identity-hosts.ts'
import { createMeters, forgetTenant } from './control/meters.ts'
import type { Meters } from './control/meters.ts'
import { Publisher } from './control/publisher.ts'
import type { PolicyPublisher } from './ports.ts'
import { PlatformReport } from './report/platform-report.ts'
import { Reporter } from './report/reporter.ts'
import { HostAddresses } from './resolve/host-addresses.ts'
import type { HostAddressesOptions } from './resolve/host-addresses.ts'
import { isPlatformGroup } from './translate/names.ts'
import type { FleetSettings } from './translate/translate.ts'
import { translateFleet, translateMembers } from './translate/translate.ts'
import type { Objects } from './watch/objects.ts'
import { watchObjects } from './watch/objects.ts'
import type { Cause } from './watch/pacer.ts'
import { Pacer } from './watch/pacer.ts'

export interface ControlPlaneOptions {
  readonly client: Pick<KubeClient, 'find' | 'list' | 'watch' | 'applyStatus' | 'create'>
  readonly fleet: Fleet
  readonly policy: PolicyPublisher
  readonly lookUp: HostAddressesOptions['lookUp']
  readonly buildSettings: BuildSettings
  readonly fleetSettings: FleetSettings
  readonly certificates: () => readonly EdgeCertificate[]
  readonly clock: Clock
  readonly random: () => number
  readonly logger: Logger
  readonly metrics: Metrics
}

export interface ControlPlane {
  /** Resolves once everything that exists was published for the first time. */
  readonly open: Promise<void>
  readonly readiness: readonly ReadinessCheck[]
  /** Publishes every tenant anew: something of the platform changed. */
  rebuildAll(): void
  /** Ends watches and queues; what is published stays. */
  stop(): Promise<void>
}

const pacing = { mergeMs: 100, burst: 3, refillMs: 1_000 }
const identityMergeMs = 1_000
const lookUps = { maxConcurrent: 32, maxConcurrentPerTenant: 4 }
// How long a tenant's changes may wait for a name that was never looked up. A start waits longer, for all names at once,
// so as not to refuse what was served before.
const patienceMs = { start: 10_000, later: 1_000 }
const pendingPollMs = 100
const agentsPollMs = 1_000

/** Starts the control plane; nothing is published before the first complete list of every kind. */
export function startControlPlane(options: ControlPlaneOptions): ControlPlane {
  return new Running(options)
}

/** Has a life: from the first list until it is stopped. */
class Running implements ControlPlane {
  readonly open: Promise<void>
  readonly readiness: readonly ReadinessCheck[]
  readonly #options: ControlPlaneOptions
  readonly #meters: Meters
  readonly #ended = new AbortController()
  readonly #objects: Objects
  readonly #hosts: HostAddresses
  readonly #hostCertificates: HostCertificates
  readonly #publisher: Publisher
  readonly #reporter: Reporter
  readonly #platformReport: PlatformReport
  readonly #builds: KeyedQueue<string>
  readonly #reports: KeyedQueue<string>
  readonly #identity: IdentityHosts
  readonly #identityBuilds: KeyedQueue<string>
  readonly #pacer: Pacer
  /** When the first change of each tenant was seen that is not published yet. */
  readonly #requestedMs = new Map<string, number>()
  /** Tenants that wait for the name service. */
  readonly #pending = new Set<string>()
  readonly #unsubscribe: readonly (() => void)[]
  #agents = 0
  #isOpen = false

  constructor(options: ControlPlaneOptions) {
    this.#options = options
    const { client, clock, logger, metrics, random, fleet, policy } = options
    const { signal } = this.#ended
    this.#meters = createMeters(metrics)
    this.#platformReport = new PlatformReport({ fleet, logger, meters: this.#meters })
    this.#builds = this.#queue('builds', 1, (tenant) => this.#build(tenant))
    this.#reports = this.#queue('reports', 8, (tenant) => this.#reporter.report(tenant))
    this.#identity = new IdentityHosts({
      ...{ store: fleet.store, certificates: options.certificates, logger },
      settings: options.fleetSettings.identity,
    })
    this.#identityBuilds = this.#queue('identity', 1, (shard) => this.#publishIdentity(shard))
    this.#pacer = new Pacer({ ...pacing, clock, schedule: (tenant, ms) => this.#builds.addAfter(tenant, ms) })
    this.#hosts = new HostAddresses({
      lookUp: options.lookUp,
      ...lookUps,
      onChange: (host) => [...this.#hosts.wantedBy(host)].forEach((tenant) => this.#request(tenant, 'endpoints')),
      ...{ clock, random, logger, metrics, signal },
    })
    this.#hostCertificates = new HostCertificates({
      ...{ client, clock, random, logger, metrics, signal },
      onChange: (tenant) => this.#request(tenant, 'objects'),
    })
    const onChange = (tenant: string, concern: Cause | 'status'): void => {
      if (concern === 'status') this.#report(tenant)
      else this.#request(tenant, concern)
    }
    this.#objects = watchObjects({ client, onChange, clock, logger, metrics, signal })
    this.#publisher = this.#makePublisher()
    this.#reporter = new Reporter({
      ...{ client, fleet, policy, clock, logger },
      objects: this.#objects,
      published: (tenant) => this.#publisher.published(tenant),
      meters: this.#meters,
    })
    this.#unsubscribe = [
      fleet.subscribe((change) => {
        if (change.kind === 'group') this.#reportGroup(change.group)
        else if (change.kind === 'streams') this.#countStreams()
        else if (change.kind === 'refused aside') this.#publisher.refused(change.refusal)
        else this.#platformReport.tellTurn(change)
      }),
      policy.onStatus(() => this.#countAgents()),
    ]
    this.readiness = [
      { name: 'objects', problem: () => waitsFor(this.#objects.unsynced()) },
      { name: 'first publication', problem: () => (this.#isOpen ? undefined : 'not every tenant was published yet') },
    ]
    this.open = this.#start()
    void this.#watchAgents()
  }

  rebuildAll(): void {
    for (const { metadata } of this.#objects.tenants()) this.#request(metadata.name, 'endpoints')
    if (this.#isOpen) for (const shard of this.#identity.shards) this.#identityBuilds.add(shard)
  }

  async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    await Promise.all([this.#builds.stop(), this.#reports.stop(), this.#identityBuilds.stop()])
    this.#ended.abort(new Error('The control plane was stopped'))
    await this.#objects.stopped
  }

  #makePublisher(): Publisher {
    const { fleet, policy, clock, logger, certificates, buildSettings, fleetSettings } = this.#options
    return new Publisher({
      ...{ policy, clock, logger, certificates, buildSettings, fleetSettings },
      objects: this.#objects,
      hosts: this.#hosts,
      hostCertificates: this.#hostCertificates,
      store: fleet.store,
      patienceMs: () => (this.#isOpen ? patienceMs.later : patienceMs.start),
      wake: (tenant) => this.#request(tenant, 'endpoints'),
      meters: this.#meters,
    })
  }

  #queue(name: string, concurrency: number, reconcile: KeyedQueueOptions<string>['reconcile']) {
    const { clock, logger, metrics } = this.#options
    return createKeyedQueue<string>({
      name,
      concurrency,
      groupOf: (tenant) => tenant,
      reconcile,
      clock,
      logger,
      metrics,
    })
  }

  // Rule 42: nothing is served, above all nothing is removed, before everything that exists was published once.
  async #start(): Promise<void> {
    await this.#objects.synced
    if (this.#hasEnded()) return
    const tenants = [...this.#objects.tenants()].sort(byAge).map(({ metadata }) => metadata.name)
    this.#options.logger.info({ tenants: tenants.length }, 'every kind is listed, publishing')
    for (const tenant of tenants) {
      // What was seen before the lists were complete could not be built.
      this.#requestedMs.set(tenant, this.#options.clock.now())
      this.#builds.add(tenant)
    }
    do {
      await this.#builds.idle()
      await this.#pause()
    } while (this.#pending.size > 0 && !this.#hasEnded())
    if (this.#hasEnded()) return
    this.#publishFleet()
    for (const shard of this.#identity.shards) this.#identity.publish(shard)
    this.#isOpen = true
    this.#options.fleet.store.open()
    this.#options.policy.open()
    this.#options.logger.info({ tenants: tenants.length }, 'serving')
    for (const tenant of tenants) this.#report(tenant)
  }

  async #pause(): Promise<void> {
    if (this.#pending.size === 0) await scheduler.yield()
    else await this.#options.clock.sleep(pendingPollMs, this.#ended.signal).catch(() => undefined) // the abort ends us
  }

  #request(tenant: string, cause: Cause): void {
    if (!this.#requestedMs.has(tenant)) this.#requestedMs.set(tenant, this.#options.clock.now())
    // Before the first complete list a build would see half of what there is; `#start` builds them all.
    if (this.#objects.unsynced().length === 0) this.#pacer.request(tenant, cause)
  }

  async #build(tenant: string): Promise<ReconcileResult> {
    const requestedMs = this.#requestedMs.get(tenant) ?? this.#options.clock.now()
    this.#requestedMs.delete(tenant)
    this.#pacer.started(tenant)
    this.#seeIdentity(tenant)
    try {
      const extent = this.#pacer.mayPublish(tenant) ? 'everything' : 'endpoints'
      const rebuilt = await this.#publisher.rebuild(tenant, requestedMs, extent)
      this.#pending.delete(tenant)
      if (rebuilt.kind === 'published' && rebuilt.isMoved) this.#pacer.published(tenant)
      if (rebuilt.kind === 'gone') this.#forget(tenant)
      if (rebuilt.kind === 'held back') this.#requestAgain(tenant, requestedMs)
      if (rebuilt.kind === 'pending') return this.#waitForNames(tenant, requestedMs, rebuilt.retryAfterMs)
      this.#report(tenant)
      return {}
    } catch (error) {
      this.#pending.delete(tenant)
      this.#requestedMs.set(tenant, requestedMs)
      this.#meters.faults.add({ tenant_id: tenant })
      this.#options.logger.error({ tenant, err: error }, 'tenant cannot be published, its last good state stays')
      throw error
    }
  }

  #publishIdentity(shard: string): Promise<ReconcileResult> {
    this.#identity.publish(shard)
    return Promise.resolve({})
  }

  // Realms that come within a second come together: each publication refills the limits of all realms of the shard.
  #seeIdentity(tenant: string): void {
    const changed = this.#identity.see(tenant, this.#objects.tenant(tenant))
    if (this.#isOpen) for (const shard of changed) this.#identityBuilds.addAfter(shard, identityMergeMs)
  }

  #forget(tenant: string): void {
    this.#pacer.forget(tenant)
    forgetTenant(this.#meters, tenant)
  }

  // The name service will call, or time will be up; until then the tenant stays as it is.
  #waitForNames(tenant: string, requestedMs: number, requeueAfterMs: number): ReconcileResult {
    this.#pending.add(tenant)
    this.#requestedMs.set(tenant, requestedMs)
    return { requeueAfterMs }
  }

  // What was asked for first is still not published, whatever was asked for meanwhile.
  #requestAgain(tenant: string, requestedMs: number): void {
    this.#requestedMs.set(tenant, requestedMs)
    this.#pacer.request(tenant, 'objects')
  }

  #hasEnded(): boolean {
    return this.#ended.signal.aborted
  }

  #report(tenant: string): void {
    if (this.#isOpen) this.#reports.add(tenant)
  }

  #reportGroup(group: string): void {
    const tenant = this.#publisher.tenantOf(group)
    if (tenant !== undefined) this.#report(tenant)
    else if (isPlatformGroup(group)) this.#platformReport.report(group)
  }

  #countStreams(): void {
    const streams = [...this.#options.fleet.streams].length
    this.#meters.envoys.set(streams)
    this.#platformReport.reportAgain()
    if (!this.#isOpen) return
    this.#publishFleet()
    for (const { metadata } of this.#objects.tenants()) this.#report(metadata.name)
  }

  // An agent that goes away says nothing: it is missed by looking.
  async #watchAgents(): Promise<void> {
    while (!this.#hasEnded()) {
      await this.#options.clock.sleep(agentsPollMs, this.#ended.signal).catch(() => undefined) // the abort ends us
      if (!this.#hasEnded() && this.#connectedAgents() !== this.#agents) this.#countAgents()
    }
  }

  #connectedAgents(): number {
    const { policy } = this.#options
    return policy.programmed(policy.revision()).connected.length
  }

  #countAgents(): void {
    this.#agents = this.#connectedAgents()
    this.#meters.opas.set(this.#agents)
    for (const { metadata } of this.#objects.tenants())
      if (!this.#reporter.isSettled(metadata.name)) this.#report(metadata.name)
  }

  // Envoys count each other by these members, to know their share of a limit; the addresses are never dialled.
  #publishFleet(): void {
    const { fleet, fleetSettings } = this.#options
    // A canary serves nobody, and takes no share.
    const count = [...fleet.streams].filter(({ isCanary }) => !isCanary).length
    const members = Array.from({ length: count }, (_, index) => ({ address: '127.0.0.1', port: index + 1 }))
    const { name, resources } = assembleFleet(translateFleet(fleetSettings), translateMembers(members))
    fleet.store.publish(name, resources)
  }
}

function waitsFor(kinds: readonly string[]): string | undefined {
  return kinds.length === 0 ? undefined : `the first list is not complete for: ${kinds.join(', ')}`
}

function byAge(
  left: { readonly metadata: { readonly creationTimestamp: string; readonly uid: string } },
  right: { readonly metadata: { readonly creationTimestamp: string; readonly uid: string } },
): number {
  const text = ({ metadata }: typeof left): string => `${metadata.creationTimestamp} ${metadata.uid}`
  return text(left) < text(right) ? -1 : 1
}
