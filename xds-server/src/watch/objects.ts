// watch: a local copy of everything that is built from, found by tenant. It says which tenant a change concerns, by the
// Tenant objects alone: no label or annotation of a namespace can make it another one's.
import type { Condition, Tenant } from '@bulkhead/crds'
import type { Change, Clock, KubeClient, KubeKind, ListWatch, Logger, Metrics, Parsed } from '@bulkhead/runtime'
import { superviseListWatch } from '@bulkhead/runtime'
import { namespaceOf, parseTenantName, tenantOfNamespace } from '@bulkhead/tenancy'
import type { InvalidObject, TenantInput } from '../build/input.ts'
import type { ObjectRef } from '../model/model.ts'
import type { PodObject, ServiceObject, SliceObject } from '../resolve/service-endpoints.ts'
import { coreKinds, parsePod, parseService, parseSlice } from './core-kinds.ts'
import { isObjectChanged, isSubscriptionChanged, isTenantChanged } from './relevance.ts'
import { kindInfo, parsers } from './seen.ts'
import type { Seen } from './seen.ts'

/** What a change is about: what is built from, where backends are, or only what somebody wrote into a status. */
export type Concern = 'objects' | 'endpoints' | 'status'

export interface WatchOptions {
  readonly client: Pick<KubeClient, 'list' | 'watch'>
  /** Called with the name of the one tenant that a change concerns. */
  readonly onChange: (tenant: string, concern: Concern) => void
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
  readonly signal: AbortSignal
}

/** The objects of one namespace that a tenant is built from. */
export type NamespaceObjects = Omit<TenantInput, 'tenant' | 'resolutions'>

/** The local copy of the API server's objects. */
export interface Objects {
  /** Resolves after the first complete list of every kind; nothing may be published before. */
  readonly synced: Promise<void>
  readonly stopped: Promise<void>
  /** The kinds whose first list is not complete. */
  unsynced(): readonly string[]
  tenants(): Iterable<Tenant>
  tenant(name: string): Tenant | undefined
  inNamespace(namespace: string): NamespaceObjects
  service(namespace: string, name: string): ServiceObject | undefined
  slices(namespace: string, serviceName: string): readonly SliceObject[]
  pod(namespace: string, name: string): PodObject | undefined
  /** What stands of an object of ours in the API server now, as far as its status goes. */
  current(ref: ObjectRef): Current | undefined
}

/** An object's status as it was last seen. */
export interface Current {
  readonly uid: string
  readonly generation: number
  readonly conditions: readonly Condition[]
}

const byNamespace = 'namespace'

/** Starts to watch; ends with the signal. */
export function watchObjects(options: WatchOptions): Objects {
  const tenants = watchTenants(options)
  const isTenant = (name: string): boolean => tenants.store.get(name) !== undefined
  const ours = watchOurKinds(options, isTenant)
  const core = watchCoreKinds(options, isTenant)
  const watches = { Tenant: tenants, ...ours, ...core }
  const all = Object.entries(watches)
  return {
    synced: Promise.all(all.map(([, watch]) => watch.synced)).then(() => undefined),
    stopped: Promise.all(all.map(([, watch]) => watch.stopped)).then(() => undefined),
    unsynced: () => all.filter(([, watch]) => !watch.isSynced()).map(([kind]) => kind),
    tenants: () => tenants.store.values(),
    tenant: (name) => tenants.store.get(name),
    inNamespace: (namespace) => namespaceObjects(ours, namespace),
    service: (namespace, name) => core.Service.store.get(`${namespace}/${name}`),
    slices: (namespace, name) => core.EndpointSlice.store.getByIndex(byServiceName, `${namespace}/${name}`),
    pod: (namespace, name) => core.Pod.store.get(`${namespace}/${name}`),
    current: (ref) => currentOf(ours, ref),
  }
}

function watchTenants(options: WatchOptions): ListWatch<Tenant> {
  return superviseListWatch<Tenant>({
    ...common(options),
    kind: kindInfo.Tenant,
    parse: parsers.tenant,
    onChange: (change) => {
      const isRelevant = change.type !== 'modified' || isTenantChanged(change.old, change.object)
      options.onChange(change.object.metadata.name, isRelevant ? 'objects' : 'status')
    },
  })
}

type IsTenant = (name: string) => boolean

function watchOurKinds(options: WatchOptions, isTenant: IsTenant) {
  const watch = <T>(
    kind: KubeKind,
    parse: (raw: unknown) => Parsed<Seen<T>>,
    isChanged: (old: Seen<T>, now: Seen<T>) => boolean = isObjectChanged,
  ): ListWatch<Seen<T>> =>
    superviseListWatch<Seen<T>>({
      ...common(options),
      kind,
      parse,
      indexes: { [byNamespace]: ({ metadata }) => [metadata.namespace ?? ''] },
      onChange: (change) => {
        const isRelevant = change.type !== 'modified' || isChanged(change.old, change.object)
        tell(options, isTenant, change.object.metadata.namespace, isRelevant ? 'objects' : 'status')
      },
    })
  return {
    Tool: watch(kindInfo.Tool, parsers.tool),
    ToolSet: watch(kindInfo.ToolSet, parsers.toolSet),
    Plan: watch(kindInfo.Plan, parsers.plan),
    Subscription: watch(kindInfo.Subscription, parsers.subscription, isSubscriptionChanged),
    AccessPolicy: watch(kindInfo.AccessPolicy, parsers.accessPolicy),
  }
}

const byServiceName = 'service'

function watchCoreKinds(options: WatchOptions, isTenant: IsTenant) {
  const onChange = (change: Change<{ readonly namespace: string }>): void => {
    const isSame = change.type === 'modified' && JSON.stringify(change.old) === JSON.stringify(change.object)
    if (!isSame) tell(options, isTenant, change.object.namespace, 'endpoints')
  }
  const watch = common(options)
  return {
    Service: superviseListWatch<ServiceObject>({ ...watch, kind: coreKinds.service, parse: parseService, onChange }),
    EndpointSlice: superviseListWatch<SliceObject>({
      ...watch,
      kind: coreKinds.endpointSlice,
      parse: parseSlice,
      indexes: { [byServiceName]: ({ namespace, serviceName }) => [`${namespace}/${serviceName}`] },
      onChange,
    }),
    Pod: superviseListWatch<PodObject>({ ...watch, kind: coreKinds.pod, parse: parsePod, onChange }),
  }
}

// S-131: the tenant follows from the namespace's name, and must exist as a Tenant; that the namespace is really that
// Tenant's is checked again by the build, against the Tenant's status.
function tell(options: WatchOptions, isTenant: IsTenant, namespace: string | undefined, concern: Concern): void {
  const name = tenantOfNamespace(namespace ?? '')
  if (name !== undefined && isTenant(name)) options.onChange(name, concern)
}

function common({ client, clock, logger, metrics, signal }: WatchOptions) {
  return { client, clock, logger, metrics, signal }
}

function namespaceObjects(ours: ReturnType<typeof watchOurKinds>, namespace: string): NamespaceObjects {
  const invalid: InvalidObject[] = []
  const valid = <T>(watch: ListWatch<Seen<T>>): readonly T[] =>
    watch.store.getByIndex(byNamespace, namespace).flatMap((seen) => {
      if (seen.kind === 'valid') return [seen.object]
      invalid.push(seen.invalid)
      return []
    })
  return {
    tools: valid(ours.Tool),
    toolSets: valid(ours.ToolSet),
    plans: valid(ours.Plan),
    subscriptions: valid(ours.Subscription),
    accessPolicies: valid(ours.AccessPolicy),
    invalid,
  }
}

function currentOf(ours: ReturnType<typeof watchOurKinds>, { kind, namespace, name }: ObjectRef): Current | undefined {
  if (kind === 'Tenant') return undefined
  const seen = ours[kind].store.get(`${namespace ?? ''}/${name}`)
  if (seen === undefined) return undefined
  const { uid, generation } = seen.metadata
  return { uid, generation, conditions: seen.kind === 'valid' ? (seen.object.status?.conditions ?? []) : [] }
}

/** The namespace of a Tenant's objects. */
export function namespaceOfTenant(tenant: Tenant): string | undefined {
  const name = parseTenantName(tenant.metadata.name)
  return name === undefined ? undefined : namespaceOf(name)
}
