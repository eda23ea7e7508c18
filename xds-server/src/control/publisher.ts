// control: joins the rooms for one tenant at a time. Gather, build, translate, assemble, publish; whatever fails on the
// way leaves that tenant on its last good publication, and nobody else notices.
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Problem, Tenant } from '@bulkhead/crds'
import type { EncodedResource } from '@bulkhead/envoy'
import { TYPE_URLS } from '@bulkhead/envoy'
import type { Clock, Logger } from '@bulkhead/runtime'
import { groupOf, tenantId } from '@bulkhead/tenancy'
import type { Host } from '@bulkhead/tenancy'
import { keyOf } from '@bulkhead/xds'
import type { Settled, Store } from '@bulkhead/xds'
import { assembleTenant } from '../assemble/assemble.ts'
import { buildTenant } from '../build/build-tenant.ts'
import type { BuildSettings } from '../build/input.ts'
import type { HostCertificates } from '../certificates/host-certificates.ts'
import type { BundleOperation, TenantData } from '../bundles/data.ts'
import type { Built, Finding, Route } from '../model/model.ts'
import type { PolicyPublisher } from '../ports.ts'
import type { HostAddresses } from '../resolve/host-addresses.ts'
import type { FleetSettings } from '../translate/translate.ts'
import { translateTenant } from '../translate/translate.ts'
import { gather } from '../watch/gather.ts'
import type { Objects } from '../watch/objects.ts'
import { Claims } from './claims.ts'
import type { EdgeCertificate } from './edge-certificates.ts'
import { secretsFor } from './edge-certificates.ts'
import type { Meters } from './meters.ts'
import { Pool } from './pool.ts'
import { tenantData } from './tenant-data.ts'

export interface PublisherOptions {
  readonly objects: Objects
  readonly hosts: HostAddresses
  readonly store: Pick<Store, 'publish' | 'published'>
  readonly policy: Pick<PolicyPublisher, 'publish' | 'revision'>
  readonly hostCertificates: Pick<HostCertificates, 'want' | 'of' | 'forget' | 'refuse'>
  /** The platform's own. */
  readonly certificates: () => readonly EdgeCertificate[]
  readonly buildSettings: BuildSettings
  readonly fleetSettings: FleetSettings
  /** How long a change may wait for names that were never looked up; then their tools refuse until they are. */
  readonly patienceMs: () => number
  /** Asks for another tenant to be looked at, because of what this one gave up. */
  readonly wake: (tenant: string) => void
  readonly clock: Clock
  readonly logger: Logger
  readonly meters: Meters
}

/** What stands published for one tenant. */
export interface PublishedTenant {
  readonly group: string
  readonly built: Built
  /** The revision of the policy agents' data that holds it. */
  readonly revision: string
  readonly publishedAtMs: number
  /** When the first of the changes that it holds was seen. */
  readonly requestedAtMs: number
}

/** What a rebuild may publish of a tenant that publishes too often. */
export type Extent = 'everything' | 'endpoints'

/** What a rebuild came to. `isMoved`: something but endpoints changed; `held back`: that had to wait. */
export type Rebuilt =
  | { readonly kind: 'pending'; readonly retryAfterMs: number }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'held back' }
  | { readonly kind: 'published'; readonly isMoved: boolean }
  | { readonly kind: 'gone' }

interface Held extends PublishedTenant {
  readonly resources: ReadonlyMap<string, string>
  /** JSON text of what the policy agents have; undefined when they have nothing. */
  readonly data: string | undefined
}

/** Keeps what is published of every tenant, and replaces it one tenant at a time. */
export class Publisher {
  readonly #options: PublisherOptions
  readonly #claims = new Claims<Host>()
  readonly #issuers = new Claims<string>()
  readonly #pool: Pool
  readonly #held = new Map<string, Held>()
  readonly #tenants = new Map<string, string>()

  constructor(options: PublisherOptions) {
    this.#options = options
    // No tenant's name holds a slash, and nobody comes before the platform.
    this.#claims.claim(
      'platform/',
      '',
      options.fleetSettings.identity.shards.map(({ host }) => host),
    )
    this.#pool = new Pool(options.fleetSettings.capacityRequestsPerSecond)
  }

  published(tenant: string): PublishedTenant | undefined {
    return this.#held.get(tenant)
  }

  /** The tenant whose resources a group holds. */
  tenantOf(group: string): string | undefined {
    return this.#tenants.get(group)
  }

  /** Takes in that an Envoy refused certificates; one that was replaced meanwhile is no news. */
  refused({ typeUrl, entries, error = '' }: Settled): void {
    const { store, hostCertificates } = this.#options
    for (const { group, name, version } of entries) {
      const tenant = this.tenantOf(group)
      const published = store.published(group).get(keyOf({ typeUrl, name }))
      if (tenant !== undefined && published?.version === version) hostCertificates.refuse(tenant, name, error)
    }
  }

  /** Builds and publishes one tenant anew; throws when that cannot be done, and then nothing has changed. */
  async rebuild(name: string, requestedAtMs: number, extent: Extent = 'everything'): Promise<Rebuilt> {
    // One turn of the event loop between tenants, so that streams are answered while thousands are built.
    await nextTurn()
    const { objects, meters, clock } = this.#options
    const startedMs = clock.now()
    const tenant = objects.tenant(name)
    const isSameIncarnation = tenant !== undefined && this.#isHeldFor(name, tenant)
    if (!isSameIncarnation) this.#withdraw(name)
    if (tenant === undefined) return { kind: 'gone' }
    const { input, pending } = gather(tenant, objects, this.#options)
    const retryAfterMs = requestedAtMs + this.#options.patienceMs() - clock.now()
    if (pending.length > 0 && retryAfterMs > 0) return { kind: 'pending', retryAfterMs }
    const built = buildTenant(input, this.#options.buildSettings)
    const isHeldBack = extent === 'endpoints' && this.#holdBack(name, built)
    const rebuilt: Rebuilt = isHeldBack
      ? { kind: 'held back' }
      : this.#replace(name, this.#claimIssuer(tenant, this.#claimHosts(name, tenant, built)), requestedAtMs)
    meters.rebuilt.add()
    meters.rebuildSeconds.observe((clock.now() - startedMs) / 1000)
    meters.tenants.set(this.#held.size)
    return rebuilt
  }

  #isHeldFor(name: string, { metadata }: Tenant): boolean {
    const held = this.#held.get(name)
    return held === undefined || held.group === groupOf(tenantId(metadata.uid))
  }

  /** Publishes no more than endpoints that moved; false when there is nothing more to publish. */
  #holdBack(name: string, built: Built): boolean {
    const before = this.#held.get(name)
    if (before === undefined) return false
    const resources = this.#resourcesOf(built)
    const isDecidedAlike =
      JSON.stringify(tenantData(built.model)) === before.data &&
      built.model.limits.guaranteed === before.built.model.limits.guaranteed
    if (isDecidedAlike && !isMoved(before.resources, versionsOf(resources))) return false
    const { store } = this.#options
    const now = withEndpointsOf([...store.published(before.group).values()], resources)
    const versions = versionsOf(now)
    if (!isEqual(before.resources, versions)) store.publish(before.group, now)
    this.#held.set(name, { ...before, resources: versions })
    return true
  }

  #replace(name: string, built: Built, requestedAtMs: number): Rebuilt {
    const { store, policy, clock } = this.#options
    const before = this.#held.get(name)
    const group = groupOf(built.model.id)
    const resources = this.#resourcesOf(built)
    const versions = versionsOf(resources)
    const isServedAlike = before !== undefined && isEqual(before.resources, versions)
    if (!isServedAlike) store.publish(group, resources)
    const data = tenantData(built.model)
    const operations = [
      ...policyEdits(group, data, before?.data),
      ...this.#pool.set(name, built.model.limits.guaranteed),
    ]
    const isDecidedAlike = before !== undefined && operations.length === 0
    const revision = isDecidedAlike ? before.revision : policy.publish(operations)
    const held = { group, built, revision, resources: versions, data: JSON.stringify(data) }
    if (isServedAlike && isDecidedAlike) {
      const { publishedAtMs, requestedAtMs } = before
      this.#held.set(name, { ...held, publishedAtMs, requestedAtMs })
      return { kind: 'unchanged' }
    }
    this.#held.set(name, { ...held, publishedAtMs: clock.now(), requestedAtMs })
    this.#tenants.set(group, name)
    this.#tell(name, built, resources.length)
    return { kind: 'published', isMoved: !isDecidedAlike || isMoved(before.resources, versions) }
  }

  #resourcesOf({ model }: Built): readonly EncodedResource[] {
    const { fleetSettings, hostCertificates, certificates } = this.#options
    const { resources } = assembleTenant(translateTenant(model, fleetSettings))
    const own = hostCertificates.of(model.name).usable
    return [...resources, ...secretsFor(model.hosts, [...own, ...certificates()])]
  }

  #claimHosts(name: string, { metadata }: Tenant, built: Built): Built {
    const { model, findings } = built
    const { held, wake } = this.#claims.claim(name, `${metadata.creationTimestamp} ${metadata.uid}`, model.hosts)
    for (const other of wake) this.#options.wake(other)
    const refused = model.hosts.filter((host) => !held.has(host))
    if (refused.length === 0) return built
    this.#options.logger.error(
      { tenant: name, hosts: refused },
      'granted hosts are held by another tenant or the platform',
    )
    return {
      model: {
        ...model,
        hosts: model.hosts.filter((host) => held.has(host)),
        routes: model.routes.filter(({ host }) => held.has(host)),
      },
      findings: findings.map((finding) => withLostHosts(finding, model.routes, refused)),
    }
  }

  // Without its issuer nobody can be told apart at the tenant: its door stays shut until the issuer is its own.
  #claimIssuer({ metadata, spec }: Tenant, built: Built): Built {
    const { model } = built
    const issuers = model.identity === undefined || model.hosts.length === 0 ? [] : [model.identity.issuer]
    // A realm's issuer derives from its tenant; what somebody else says of an issuer never takes it away.
    const rank = `${spec.identity.type === 'Realm' ? 0 : 1} ${metadata.creationTimestamp} ${metadata.uid}`
    const { held, wake } = this.#issuers.claim(metadata.name, rank, issuers)
    for (const other of wake) this.#options.wake(other)
    if (held.size === issuers.length) return built
    this.#options.logger.error({ tenant: metadata.name, issuer: issuers[0] }, 'issuer is held by another tenant')
    return { ...built, model: { ...model, identity: undefined } }
  }

  #withdraw(name: string): void {
    const { hosts, hostCertificates, store, policy, logger, meters, wake } = this.#options
    const before = this.#held.get(name)
    hosts.want(name, new Set())
    hostCertificates.forget(name)
    for (const other of this.#claims.claim(name, '', []).wake) wake(other)
    for (const other of this.#issuers.claim(name, '', []).wake) wake(other)
    const operations: BundleOperation[] = [...this.#pool.remove(name)]
    if (before !== undefined) {
      store.publish(before.group, [])
      operations.push({ kind: 'removeTenant', id: before.group })
      this.#held.delete(name)
      this.#tenants.delete(before.group)
      logger.info({ tenant: name }, 'tenant withdrawn')
    }
    if (operations.length > 0) policy.publish(operations)
    meters.tenants.set(this.#held.size)
  }

  #tell(tenant: string, { model, findings }: Built, resources: number): void {
    const { logger, meters } = this.#options
    const problems = findings.filter((finding) => finding.problems.length > 0).length
    const { hosts, routes } = model
    meters.published.add({ tenant_id: tenant })
    logger.info({ tenant, hosts: hosts.length, routes: routes.length, resources, problems }, 'tenant published')
  }
}

/** Says so where its author looks: on the Tenant, and on the tool sets that stand on a lost host. */
function withLostHosts(finding: Finding, routes: readonly Route[], lost: readonly Host[]): Finding {
  const { ref, problems } = finding
  if (ref.kind === 'Tenant')
    return { ...finding, problems: [...lost.map((host) => cannotServe(host, grantedField)), ...problems] }
  const own = lost.filter((host) => routes.some((route) => route.toolSet.uid === ref.uid && route.host === host))
  return { ...finding, problems: [...problems, ...own.map((host) => cannotServe(host, 'spec.hostname'))] }
}

const grantedField = 'status.granted.hostnames'

function cannotServe(host: Host, field: string): Problem {
  return { reason: 'HostnameNotGranted', field, message: `hostname "${host}" cannot be served for this tenant yet` }
}

function policyEdits(id: string, data: TenantData | undefined, before: string | undefined): readonly BundleOperation[] {
  if (JSON.stringify(data) === before) return []
  return data === undefined ? [{ kind: 'removeTenant', id }] : [{ kind: 'upsertTenant', id, tenant: data }]
}

function withEndpointsOf(
  published: readonly EncodedResource[],
  built: readonly EncodedResource[],
): readonly EncodedResource[] {
  const moved = new Map(built.filter(isEndpoints).map((each) => [each.name, each]))
  return published.map((each) => (isEndpoints(each) ? (moved.get(each.name) ?? each) : each))
}

function isEndpoints({ typeUrl }: EncodedResource): boolean {
  return typeUrl === TYPE_URLS.endpoints
}

function versionsOf(resources: readonly EncodedResource[]): ReadonlyMap<string, string> {
  return new Map(resources.map(({ typeUrl, name, version }) => [`${typeUrl} ${name}`, version]))
}

function isEqual(left: ReadonlyMap<string, string>, right: ReadonlyMap<string, string>): boolean {
  return left.size === right.size && [...left].every(([key, version]) => right.get(key) === version)
}

// Endpoints come and go without refilling anybody's limits; everything else counts against a tenant's pace.
function isMoved(before: ReadonlyMap<string, string>, now: ReadonlyMap<string, string>): boolean {
  const others = (map: ReadonlyMap<string, string>): ReadonlyMap<string, string> =>
    new Map([...map].filter(([key]) => !key.startsWith(TYPE_URLS.endpoints)))
  return !isEqual(others(before), others(now))
}
