// One type on one stream: turns requests and changes into the next response, if there is one to send.
import type {
  DeltaRequest,
  DiscoveryRequest,
  DiscoveryResponse,
  Rejection,
  SentEntry,
  Settled,
  TypeStatus,
  Variant,
  View,
} from './protocol.ts'
import type { TypePolicy } from './resource-types.ts'
import { nextBatch } from './batch.ts'
import type { Batch, Finding } from './batch.ts'
import { Interest } from './interest.ts'
import type { InterestChange } from './interest.ts'
import { Ledger } from './ledger.ts'
import type { Sent } from './ledger.ts'
import { Pending } from './pending.ts'
import { WorldSide } from './world-side.ts'

/** How much may be unanswered on one stream and type. */
export interface Window {
  readonly maxResponses: number
  readonly maxBytes: number
  readonly maxResponseBytes: number
}

/** The state machine of one type on one stream. */
export class TypeSubscription {
  readonly policy: TypePolicy
  readonly #variant: Variant
  readonly #window: Window
  readonly #interest: Interest
  readonly #ledger: Ledger
  readonly #pending = new Pending()
  /** Names about which nothing may be said until this stream has come further. */
  readonly #withheld = new Pending()
  /** Names that the client asked for, and gets whatever we believe it has. */
  readonly #forced = new Set<string>()
  readonly #world: WorldSide
  #isFirstRequest = true
  #isFresh = true
  #owesFirstResponse = false
  #hasBeenIdle = false
  #hasSent = false

  constructor(policy: TypePolicy, variant: Variant, window: Window) {
    this.policy = policy
    this.#variant = variant
    this.#window = window
    this.#interest = new Interest(policy.hasWildcard)
    this.#world = new WorldSide(policy.hasWildcard)
    this.#ledger = new Ledger(variant === 'delta')
  }

  /** Whether the client came without anything of the type. */
  get isFresh(): boolean {
    return this.#isFresh
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

  status(): TypeStatus {
    const refused = this.#ledger.refused.map(([name, { message }]) => ({ name, message }))
    return { typeUrl: this.policy.typeUrl, version: this.#ledger.systemVersion, state: this.#state, refused }
  }

  get #state(): TypeStatus['state'] {
    if (this.#ledger.refused.length > 0) return 'ERROR'
    if (!this.#hasSent && !this.#hasBeenIdle) return 'NOT_SENT'
    return this.#ledger.isAnswered && this.#pending.isEmpty ? 'SYNCED' : 'STALE'
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
  request(request: DiscoveryRequest, view: View): Settled | undefined {
    if (request.variant === 'delta') return this.#take(request, view)
    if (this.#world.isStale(request)) return undefined
    const settled = this.#take({ ...request, ...this.#world.replace(request), initialVersions: new Map() }, view)
    if (settled?.error !== undefined)
      this.#world.dropRefused(settled.entries, (name) => this.ackedVersion(name) !== undefined)
    return settled
  }

  #take(request: DeltaRequest, view: View): Settled | undefined {
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
    // A client of the state of the world has one unanswered response at most, however long it takes.
    if (this.#variant === 'sotw') return []
    const late = this.#ledger.expire(nowMs, timeoutMs).flatMap((sent) => sent.entries)
    for (const { name } of late) this.touch(name, view)
    return [...new Set(late.map((entry) => entry.group))]
  }

  /** The next response to send, or undefined when there is nothing to say or no room to say it. */
  next(view: View, nowMs: number, nonce: string): DiscoveryResponse | undefined {
    if (!view.isOpen || this.#isWindowFull) return undefined
    const find = (name: string): Finding => this.#find(name, view, nowMs)
    const { maxResponseBytes } = this.#window
    const options = { policy: this.policy, variant: this.#variant, maxResponseBytes }
    const [pending, withheld, owesFirstResponse] = [this.#pending, this.#withheld, this.#owesFirstResponse]
    const batch = nextBatch({ ...options, pending, withheld }, { find, owesFirstResponse })
    if (batch !== undefined) return this.#send(batch, { nonce, nowMs, view })
    if (this.#pending.isEmpty && this.#ledger.awaitedCount === 0 && !this.#owesFirstResponse) this.#hasBeenIdle = true
    return undefined
  }

  get #isWindowFull(): boolean {
    const { awaitedCount, awaitedBytes } = this.#ledger
    if (this.#variant === 'sotw') return awaitedCount > 0
    return awaitedCount >= this.#window.maxResponses || awaitedBytes >= this.#window.maxBytes
  }

  #settled(sent: Sent, error: string | undefined): Settled {
    const groups = [...new Set(sent.entries.map((entry) => entry.group))]
    return { typeUrl: this.policy.typeUrl, groups, entries: sent.entries, error }
  }

  #adopt(initial: ReadonlyMap<string, string>, view: View): void {
    // A client that brings what it had is not waiting to finish its start.
    this.#isFresh = initial.size === 0
    this.#owesFirstResponse = this.#isFresh && this.#interest.isWildcard
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
    for (const name of change.dropped) this.#drop(name, view)
    if (change.lostWildcard)
      for (const name of this.#ledger.heldNames) if (!this.#interest.wants(name)) this.#forget(name)
    if (change.gainedWildcard) this.touchAll(view)
  }

  #drop(name: string, view: View): void {
    if (!this.#interest.isWildcard) this.#forget(name)
    // Under a wildcard a client of changes cannot know whether it still has the name: it must be told.
    else if (this.#variant === 'delta') this.#forced.add(name)
    this.touch(name, view)
  }

  #forget(name: string): void {
    this.#ledger.forget(name)
    this.#forced.delete(name)
  }

  #find(name: string, view: View, nowMs: number): Finding {
    // At most one version of a resource is under way; its answer brings us back here.
    if (this.#ledger.blocksResend(name) || !this.#isAsked(name)) return 'nothing'
    const verdict = view.verdictOf(this.policy.typeUrl, name, nowMs)
    if (verdict.kind === 'withheld') return verdict.until === 'progress' ? 'withheld' : 'nothing'
    if (verdict.kind === 'absent') return this.#canSayGone ? this.#findGone(name) : 'nothing'
    const { group, resource } = verdict
    const entry = { name, group, version: resource.version }
    return this.#hasOrRefused(entry) ? 'nothing' : { entry, resource }
  }

  #findGone(name: string): Finding {
    const entry = { name, group: this.#ledger.heldGroup(name) ?? '', version: undefined }
    return this.#hasOrRefused(entry) ? 'nothing' : { entry }
  }

  /** The state of the world cannot say of a type whose responses are not complete that a resource is gone. */
  get #canSayGone(): boolean {
    return this.#variant === 'delta' || this.policy.hasWildcard
  }

  #isAsked(name: string): boolean {
    return this.#forced.has(name) || this.#interest.wants(name)
  }

  #hasOrRefused({ name, version }: SentEntry): boolean {
    if (this.#forced.has(name)) return false
    if (this.#ledger.rejection(name)?.version === (version ?? '')) return true
    return version === undefined ? !this.#ledger.keeps(name) : this.#ledger.heldVersion(name) === version
  }

  #send(batch: Batch, { nonce, nowMs, view }: { nonce: string; nowMs: number; view: View }): DiscoveryResponse {
    const { typeUrl } = this.policy
    const isWorld = this.#variant === 'sotw'
    if (isWorld) this.#addRefused(batch, view, nowMs)
    const changed = batch.resources.map(({ name }) => name)
    const response = isWorld ? this.#world.respond(batch, nonce, (name) => this.wants(name)) : batch
    const { entries, resources, bytes } = response
    this.#ledger.recordSent({ nonce, sentAtMs: nowMs, bytes, entries })
    this.#owesFirstResponse = false
    this.#hasSent = true
    const removed = batch.entries.filter((entry) => entry.version === undefined).map((entry) => entry.name)
    for (const { name } of batch.entries) this.#forced.delete(name)
    this.#forgetUnknown(removed)
    const groups = new Set(entries.map((entry) => entry.group))
    const version = view.versionOf?.(typeUrl) ?? this.#ledger.systemVersion
    const group = groups.size === 1 ? [...groups][0] : undefined
    return { typeUrl, nonce, version, group, resources, removed, changed }
  }

  #forgetUnknown(removed: readonly string[]): void {
    if (this.policy.remembersUnknown) return
    for (const name of removed) if (!this.#ledger.holds(name)) this.#interest.forget(name)
  }

  // Nobody knows which of several resources was refused: with the next change all of them get another chance.
  #addRefused(batch: Batch, view: View, nowMs: number): void {
    const sent = new Set(batch.entries.map(({ name }) => name))
    for (const [name] of this.#ledger.refused.filter(([each]) => !sent.has(each))) {
      this.#forced.add(name)
      const finding = this.#find(name, view, nowMs)
      if (typeof finding === 'string' || finding.resource === undefined) continue
      batch.entries.push(finding.entry)
      batch.resources.push(finding.resource)
    }
  }
}
