// What one stream may see now: make before break, group by group, as far as this stream's own answers allow.
import { encode, makeResource, TYPE_URLS } from '@bulkhead/envoy'
import type { EncodedResource, TypeUrl } from '@bulkhead/envoy'
import type { Progress, Verdict, View } from '../subscription/index.ts'
import { keyOf } from '../store/index.ts'
import type { Store, Target } from '../store/index.ts'
import type { Fleet } from './fleet.ts'
import type { Taster } from './turns.ts'
import { TurnWaits } from './turn-waits.ts'
import { Waits } from './waits.ts'
import type { Readiness, Step } from './waits.ts'

const WITHHELD: Verdict = { kind: 'withheld', until: 'progress' }
const KEPT: Verdict = { kind: 'withheld', until: 'change' }
const ABSENT: Verdict = { kind: 'absent' }

// How long one stream may try a change before another may have it too. Together with the time between two ticks this
// keeps a change from waiting longer than 200 ms for a stream that does not answer.
const TURN_MS = 100

export interface StreamViewOptions {
  /** The stream that sees. */
  readonly id: string
  /** How long it waits for its own client's answers. */
  readonly patienceMs: number
}

/** The view of one stream. */
export class StreamView implements View {
  readonly #fleet: Fleet
  readonly #store: Store
  readonly #progress: Progress
  readonly #id: string
  readonly #waits: Waits
  readonly #turnWaits = new TurnWaits(TURN_MS)

  constructor(fleet: Fleet, progress: Progress, { id, patienceMs }: StreamViewOptions) {
    this.#fleet = fleet
    this.#store = fleet.store
    this.#progress = progress
    this.#id = id
    this.#waits = new Waits(patienceMs)
  }

  get isOpen(): boolean {
    return this.#store.isOpen
  }

  groupOf(typeUrl: TypeUrl, name: string): string | undefined {
    return this.#store.find(typeUrl, name)?.group
  }

  names(typeUrl: TypeUrl): Iterable<string> {
    return this.#store.names(typeUrl)
  }

  versionOf(typeUrl: TypeUrl): string | undefined {
    return this.#fleet.versionOf?.(typeUrl)
  }

  /** Forgets what a group that is gone was waiting for. */
  forget(group: string): void {
    this.#waits.endGroup(group)
  }

  overdueGroups(nowMs: number): readonly string[] {
    return this.#waits.overdue(nowMs)
  }

  /** What may have its turn now, because the one that tries it first does not answer, or is another. */
  dueTurns(nowMs: number): readonly EncodedResource[] {
    return this.#turnWaits.due(this.#fleet.first?.id, nowMs)
  }

  verdictOf(typeUrl: TypeUrl, name: string, nowMs: number): Verdict {
    const target = this.#store.find(typeUrl, name)
    if (target === undefined) {
      this.#turnWaits.end({ typeUrl, name })
      return this.#verdictOfMissing(typeUrl, name, nowMs)
    }
    const { group, resource } = target
    if (resource === undefined) return KEPT
    const step = { key: keyOf(resource), group, version: resource.version }
    const early = this.#gate(step, this.#mayAdd(typeUrl, name, group), nowMs)
    if (early !== undefined) return early
    return this.#isItsTurn(target, resource, nowMs) ? { kind: 'present', group, resource } : KEPT
  }

  /** Whether it may have what it would get: somebody has accepted it, or nobody tries it before this stream. */
  #isItsTurn(target: Target, resource: EncodedResource, nowMs: number): boolean {
    const { first } = this.#fleet
    if (first === undefined || first.id === this.#id || this.#isFree(target, resource, first)) {
      this.#turnWaits.end(resource)
      return true
    }
    if (!this.#turnWaits.isOver(resource, first.id, nowMs)) return false
    this.#turnWaits.end(resource)
    if (!this.#fleet.counts(this.#id)) return true
    this.#fleet.passOver(first)
    return this.#isItsTurn(target, resource, nowMs)
  }

  #isFree(target: Target, { typeUrl, name }: EncodedResource, first: Taster): boolean {
    if (this.#store.isProven(target) || !first.progress.wants(typeUrl, name)) return true
    // What a stream lacks while it loads is not a change to it.
    return !this.#fleet.hasCaughtUp(this.#id) && this.#progress.heldGroup(typeUrl, name) === undefined
  }

  #verdictOfMissing(typeUrl: TypeUrl, name: string, nowMs: number): Verdict {
    if (typeUrl === TYPE_URLS.endpoints) {
      const empty = this.#emptyEndpoints(name)
      if (empty !== undefined) return empty
    }
    const key = keyOf({ typeUrl, name })
    const group = this.#progress.heldGroup(typeUrl, name)
    if (group === undefined) {
      this.#waits.end(key)
      return ABSENT
    }
    // It may belong to a group that is refused and of which we know nothing good: then the client's own is the best.
    if (group === '' && isReferredTo(typeUrl) && this.#store.hasGroupWithoutGood) return WITHHELD
    return this.#gate({ key, group, version: undefined }, this.#mayRemove(typeUrl, group), nowMs) ?? ABSENT
  }

  /** A cluster without endpoints is told so; silence would keep it warming for ever. */
  #emptyEndpoints(name: string): Verdict | undefined {
    const cluster = this.#store.find(TYPE_URLS.cluster, name)
    if (cluster === undefined) return undefined
    const bytes = encode('envoy.config.endpoint.v3.ClusterLoadAssignment', { clusterName: name })
    return { kind: 'present', group: cluster.group, resource: makeResource(TYPE_URLS.endpoints, name, bytes) }
  }

  #gate(step: Step, readiness: Readiness, nowMs: number): Verdict | undefined {
    if (readiness === 'blocked') return KEPT
    return this.#waits.isOver(step, { readiness, nowMs }) ? undefined : WITHHELD
  }

  #mayAdd(typeUrl: TypeUrl, name: string, group: string): Readiness {
    if (typeUrl === TYPE_URLS.listener) return this.#mayListen(name)
    if (typeUrl === TYPE_URLS.routeConfiguration || typeUrl === TYPE_URLS.scopedRoute) return this.#clustersOf(group)
    return 'ready'
  }

  /** A listener that opens before the first wave of clusters arrived would answer 503. */
  #mayListen(name: string): Readiness {
    const { cluster, listener } = TYPE_URLS
    if (!this.#progress.isSubscribed(cluster) || this.#progress.hasBeenIdle(cluster)) return 'ready'
    return this.#progress.ackedVersion(listener, name) === undefined ? 'waiting' : 'ready'
  }

  /** Routes go out only when everything that they may lead to has been accepted. */
  #clustersOf(group: string): Readiness {
    const { cluster, endpoints } = TYPE_URLS
    if (!this.#progress.isSubscribed(cluster)) return 'ready'
    let readiness: Readiness = 'ready'
    for (const { resource } of this.#store.targets(group).values()) {
      if (resource?.typeUrl !== cluster && resource?.typeUrl !== endpoints) continue
      const state = resource.typeUrl === cluster ? this.#accepted(resource) : this.#hasAny(resource)
      if (state === 'blocked') return 'blocked'
      if (state === 'waiting') readiness = 'waiting'
    }
    return readiness
  }

  #accepted({ typeUrl, name, version }: EncodedResource): Readiness {
    if (!this.#progress.wants(typeUrl, name)) return 'ready'
    if (this.#progress.ackedVersion(typeUrl, name) === version) return 'ready'
    return this.#progress.rejection(typeUrl, name)?.version === version ? 'blocked' : 'waiting'
  }

  /** Endpoints only have to be there, whichever; Envoy asks for them once it has the cluster. */
  #hasAny({ typeUrl, name }: EncodedResource): Readiness {
    if (!this.#progress.wants(TYPE_URLS.cluster, name)) return 'ready'
    return this.#progress.ackedVersion(typeUrl, name) === undefined ? 'waiting' : 'ready'
  }

  /** What is referred to goes only after what referred to it was accepted without it. */
  #mayRemove(typeUrl: TypeUrl, group: string): Readiness {
    const { cluster, endpoints, routeConfiguration, scopedRoute } = TYPE_URLS
    if (typeUrl === routeConfiguration) return this.#settled(scopedRoute, group)
    if (typeUrl !== cluster && typeUrl !== endpoints) return 'ready'
    if (group === '') return this.#isQuiet(scopedRoute) && this.#isQuiet(routeConfiguration) ? 'ready' : 'waiting'
    const scopes = this.#settled(scopedRoute, group)
    return scopes === 'ready' ? this.#settled(routeConfiguration, group) : scopes
  }

  /** Nobody knows what referred to a resource that was here before us: wait until the stream has caught up. */
  #isQuiet(typeUrl: TypeUrl): boolean {
    return this.#turnWaits.isEmpty && this.#progress.isIdle(typeUrl)
  }

  #settled(typeUrl: TypeUrl, group: string): Readiness {
    for (const name of this.#progress.tracked(typeUrl, group)) {
      const target = this.#store.find(typeUrl, name)
      if (target === undefined || target.group !== group) return 'waiting'
      if (target.resource === undefined) return 'blocked'
      const state = this.#accepted(target.resource)
      if (state !== 'ready') return state
    }
    return 'ready'
  }
}

function isReferredTo(typeUrl: TypeUrl): boolean {
  return typeUrl !== TYPE_URLS.scopedRoute && typeUrl !== TYPE_URLS.listener
}
