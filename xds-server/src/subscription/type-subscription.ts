// One type on one delta stream: turns requests and changes into the next response, if there is one to send.
import type { EncodedResource } from '@bulkhead/envoy'
import type { DeltaRequest, DeltaResponse, Rejection, SentEntry, Settled, View } from './protocol.ts'
import type { TypePolicy } from './resource-types.ts'
import { Interest } from './interest.ts'
import type { InterestChange } from './interest.ts'
import { Ledger } from './ledger.ts'
import type { Sent } from './ledger.ts'
import { Pending } from './pending.ts'

/** How much may be unanswered on one stream and type. */
export interface Window {
  readonly maxResponses: number
  readonly maxBytes: number
  readonly maxResponseBytes: number
}

interface Batch {
  readonly entries: SentEntry[]
  readonly resources: EncodedResource[]
  bytes: number
}

type Finding = 'nothing' | 'withheld' | { readonly entry: SentEntry; readonly resource?: EncodedResource | undefined }

/** The state machine of one type on one stream. */
export class TypeSubscription {
  readonly policy: TypePolicy
  readonly #window: Window
  readonly #interest: Interest
  readonly #ledger = new Ledger()
  readonly #pending = new Pending()
  /** Names about which nothing may be said until this stream has come further. */
  readonly #withheld = new Pending()
  /** Names that the client asked for, and gets whatever we believe it has. */
  readonly #forced = new Set<string>()
  #isFirstRequest = true
  #owesFirstResponse = false
  #hasBeenIdle = false

  constructor(policy: TypePolicy, window: Window) {
    this.policy = policy
    this.#window = window
    this.#interest = new Interest(policy.hasWildcard)
  }

  get hasBeenIdle(): boolean {
    return this.#hasBeenIdle
  }

  get isIdle(): boolean {
    return this.#hasBeenIdle && this.#pending.isEmpty && this.#ledger.awaitedCount === 0
  }

  get subscribedCount(): number {
    return this.#interest.size
  }

  wants(name: string): boolean {
    return this.#interest.wants(name)
  }

  ackedVersion(name: string): string | undefined {
    return this.#ledger.ackedVersion(name)
  }

  rejection(name: string): Rejection | undefined {
    return this.#ledger.rejection(name)
  }

  heldGroup(name: string): string | undefined {
    return this.#ledger.heldGroup(name)
  }

  tracked(group: string): Iterable<string> {
    return this.#ledger.tracked(group)
  }

  /** Takes in a request; what comes back is what it answered, if anything. */
  request(request: DeltaRequest, view: View): Settled | undefined {
    const sent = this.#ledger.settle(request.responseNonce, request.error)
    // Changes that came while these names were unanswered were merged; now they may go.
    for (const { name } of sent?.entries ?? []) this.touch(name, view)
    const change = this.#interest.apply(request.subscribe, request.unsubscribe)
    const initial = this.#isFirstRequest ? request.initialVersions : new Map<string, string>()
    if (this.#isFirstRequest) this.#adopt(initial, view)
    this.#isFirstRequest = false
    this.#applyInterest(change, initial, view)
    return sent === undefined ? undefined : this.#settled(sent, request.error)
  }

  /** Looks at a name again, because something about it may have changed. */
  touch(name: string, view: View): void {
    if (!this.#isAsked(name)) return
    const owner = view.groupOf(this.policy.typeUrl, name)
    if (owner !== undefined) this.#ledger.regroup(name, owner)
    this.#pending.add(owner ?? this.#ledger.heldGroup(name) ?? '', name)
  }

  /** Sends a name again that the client has, even unchanged. */
  resend(name: string, view: View): void {
    if (!this.#interest.wants(name) || !this.#ledger.keeps(name)) return
    this.#forced.add(name)
    this.touch(name, view)
  }

  /** Looks at everything again. */
  touchAll(view: View): void {
    if (this.#interest.isWildcard) for (const name of view.names(this.policy.typeUrl)) this.touch(name, view)
    for (const name of [...this.#interest.names, ...this.#ledger.heldNames]) this.touch(name, view)
  }

  /** Looks again at what a group had to wait for, or at all that waits. */
  release(group: string | undefined): void {
    for (const each of group === undefined ? this.#withheld.groups : [group])
      for (const name of this.#withheld.take(each)) this.#pending.add(each, name)
  }

  /** Frees the places of unanswered responses and gives the groups that they were about. */
  expire(nowMs: number, timeoutMs: number, view: View): readonly string[] {
    const late = this.#ledger.expire(nowMs, timeoutMs).flatMap((sent) => sent.entries)
    for (const { name } of late) this.touch(name, view)
    return [...new Set(late.map((entry) => entry.group))]
  }

  /** The next response to send, or undefined when there is nothing to say or no room to say it. */
  next(view: View, nowMs: number, nonce: string): DeltaResponse | undefined {
    if (!view.isOpen || this.#isWindowFull) return undefined
    const batch = this.#isSharing ? this.#nextShared(view, nowMs) : this.#nextOfOneGroup(view, nowMs)
    if (batch !== undefined) return this.#send(batch, nonce, nowMs)
    if (this.#pending.isEmpty && this.#ledger.awaitedCount === 0 && !this.#owesFirstResponse) this.#hasBeenIdle = true
    return undefined
  }

  #nextOfOneGroup(view: View, nowMs: number): Batch | undefined {
    // A name comes back into its turn only by moving to its own group, so this ends.
    for (let turn = this.#pending.takeNext(); turn !== undefined; turn = this.#pending.takeNext()) {
      const batch = emptyBatch()
      this.#collect(turn.group, turn.names, { view, nowMs, batch })
      if (batch.entries.length > 0) return batch
    }
    // A client with a wildcard finishes its start with the first response, even if there is nothing to tell.
    return this.#owesFirstResponse && this.#withheld.isEmpty ? emptyBatch() : undefined
  }

  get #isSharing(): boolean {
    return this.#owesFirstResponse && this.policy.sharesFirstResponse
  }

  get #isWindowFull(): boolean {
    const { awaitedCount, awaitedBytes } = this.#ledger
    return awaitedCount >= this.#window.maxResponses || awaitedBytes >= this.#window.maxBytes
  }

  #settled(sent: Sent, error: string | undefined): Settled {
    const groups = [...new Set(sent.entries.map((entry) => entry.group))]
    return { typeUrl: this.policy.typeUrl, groups, entries: sent.entries, error }
  }

  #adopt(initial: ReadonlyMap<string, string>, view: View): void {
    // A client that brings what it had is not waiting to finish its start.
    this.#owesFirstResponse = initial.size === 0 && this.#interest.isWildcard
    for (const [name, version] of initial) {
      if (!this.#interest.wants(name)) continue
      this.#ledger.adopt(name, version, view.groupOf(this.policy.typeUrl, name) ?? '')
      this.touch(name, view)
    }
  }

  #applyInterest(change: InterestChange, initial: ReadonlyMap<string, string>, view: View): void {
    for (const name of change.added) {
      if (!initial.has(name)) this.#forced.add(name)
      this.touch(name, view)
    }
    for (const name of change.dropped) {
      // Under a wildcard the client cannot know whether it still has the name: it must be told.
      if (this.#interest.isWildcard) this.#forced.add(name)
      else this.#forget(name)
      this.touch(name, view)
    }
    if (change.lostWildcard)
      for (const name of this.#ledger.heldNames) if (!this.#interest.wants(name)) this.#forget(name)
    if (change.gainedWildcard) this.touchAll(view)
  }

  #forget(name: string): void {
    this.#ledger.forget(name)
    this.#forced.delete(name)
  }

  /** The first response of a type whose first response is taken for all there is. */
  #nextShared(view: View, nowMs: number): Batch | undefined {
    const batch = emptyBatch()
    for (const group of this.#pending.groups) this.#collect(group, this.#pending.take(group), { view, nowMs, batch })
    if (this.#withheld.isEmpty) return batch
    for (const { name, group } of batch.entries) this.#pending.add(group, name)
    return undefined
  }

  #collect(group: string, names: Iterable<string>, into: { view: View; nowMs: number; batch: Batch }): void {
    for (const name of names) {
      if (this.#isFull(into.batch)) {
        this.#pending.add(group, name)
        continue
      }
      const finding = this.#find(name, into.view, into.nowMs)
      if (finding === 'nothing') continue
      if (finding === 'withheld') this.#withheld.add(group, name)
      else this.#put(finding, group, into.batch)
    }
  }

  #put({ entry, resource }: Exclude<Finding, string>, group: string, batch: Batch): void {
    // The name moved to another group while it waited: it goes in that group's turn.
    if (entry.group !== group && !this.#isSharing) {
      this.#pending.add(entry.group, entry.name)
      return
    }
    batch.entries.push(entry)
    if (resource === undefined) return
    batch.resources.push(resource)
    batch.bytes += resource.deltaChunk.length
  }

  #isFull(batch: Batch): boolean {
    if (this.#isSharing) return false
    return batch.entries.length >= this.policy.maxResources || batch.bytes >= this.#window.maxResponseBytes
  }

  #find(name: string, view: View, nowMs: number): Finding {
    // At most one version of a resource is under way; its answer brings us back here.
    if (this.#ledger.blocksResend(name) || !this.#isAsked(name)) return 'nothing'
    const verdict = view.verdictOf(this.policy.typeUrl, name, nowMs)
    if (verdict.kind === 'withheld') return verdict.until === 'progress' ? 'withheld' : 'nothing'
    const entry =
      verdict.kind === 'present'
        ? { name, group: verdict.group, version: verdict.resource.version }
        : { name, group: this.#ledger.heldGroup(name) ?? '', version: undefined }
    if (!this.#forced.has(name) && this.#hasOrRefused(name, entry.version)) return 'nothing'
    return { entry, resource: verdict.kind === 'present' ? verdict.resource : undefined }
  }

  #isAsked(name: string): boolean {
    return this.#forced.has(name) || this.#interest.wants(name)
  }

  #hasOrRefused(name: string, version: string | undefined): boolean {
    if (this.#ledger.rejection(name)?.version === (version ?? '')) return true
    return version === undefined ? !this.#ledger.keeps(name) : this.#ledger.heldVersion(name) === version
  }

  #send(batch: Batch, nonce: string, nowMs: number): DeltaResponse {
    this.#ledger.recordSent({ nonce, sentAtMs: nowMs, bytes: batch.bytes, entries: batch.entries })
    this.#owesFirstResponse = false
    const removed = batch.entries.filter((entry) => entry.version === undefined).map((entry) => entry.name)
    for (const { name } of batch.entries) this.#forced.delete(name)
    if (!this.policy.remembersUnknown)
      for (const name of removed) if (!this.#ledger.holds(name)) this.#interest.forget(name)
    const groups = new Set(batch.entries.map((entry) => entry.group))
    return {
      typeUrl: this.policy.typeUrl,
      nonce,
      systemVersion: this.#ledger.systemVersion,
      group: groups.size === 1 ? [...groups][0] : undefined,
      resources: batch.resources,
      removed,
    }
  }
}

function emptyBatch(): Batch {
  return { entries: [], resources: [], bytes: 0 }
}
