// What one client is believed to hold of one type: sent, accepted, refused, and still unanswered.
import type { Rejection, SentEntry } from './protocol.ts'
import { SetDigest } from './digest.ts'

/** A response that was sent; it stays until its answer, or until its answer would say nothing any more. */
export interface Sent {
  readonly nonce: string
  readonly sentAtMs: number
  readonly bytes: number
  readonly entries: readonly SentEntry[]
}

interface Held {
  readonly group: string
  /** Undefined when a refused response may have been applied in part. */
  readonly version: string | undefined
  readonly isLeaving: boolean
}

/** The books of one stream and type. */
export class Ledger {
  readonly #held = new Map<string, Held>()
  readonly #byGroup = new Map<string, Set<string>>()
  readonly #acked = new Map<string, string>()
  readonly #rejected = new Map<string, Rejection>()
  readonly #sent = new Map<string, Sent>()
  readonly #awaited = new Map<string, string>()
  readonly #overdue = new Set<string>()
  readonly #digest = new SetDigest()
  readonly #sendsApart: boolean
  #awaitedBytes = 0

  /** `sendsApart`: what was refused in a response of several groups is sent again, each group's on its own. */
  constructor(sendsApart = true) {
    this.#sendsApart = sendsApart
  }

  /** A version over all that the client holds, the same wherever the same is held. */
  get systemVersion(): string {
    return this.#digest.toString()
  }

  get awaitedCount(): number {
    return this.#sent.size - this.#overdue.size
  }

  get awaitedBytes(): number {
    return this.#awaitedBytes
  }

  /** Whether the client has it and was not told to drop it. */
  keeps(name: string): boolean {
    return this.#held.get(name)?.isLeaving === false
  }

  /** Notes who owns what the client had before we knew. */
  regroup(name: string, group: string): void {
    const held = this.#held.get(name)
    if (held?.group === '' && group !== '') this.#hold(name, { ...held, group })
  }

  get heldNames(): readonly string[] {
    return [...this.#held.keys()]
  }

  heldVersion(name: string): string | undefined {
    return this.#held.get(name)?.version
  }

  heldGroup(name: string): string | undefined {
    return this.#held.get(name)?.group
  }

  holds(name: string): boolean {
    return this.#held.has(name)
  }

  ackedVersion(name: string): string | undefined {
    return this.#acked.get(name)
  }

  rejection(name: string): Rejection | undefined {
    return this.#rejected.get(name)
  }

  get refused(): readonly (readonly [string, Rejection])[] {
    return [...this.#rejected]
  }

  /** Whether every response was answered, however late. */
  get isAnswered(): boolean {
    return this.#sent.size === 0
  }

  tracked(group: string): Iterable<string> {
    return this.#byGroup.get(group) ?? []
  }

  /** Believes the client that it has this already. */
  adopt(name: string, version: string, group: string): void {
    this.#hold(name, { version, group, isLeaving: false })
    this.#acked.set(name, version)
  }

  /** Forgets a name that the client no longer wants. */
  forget(name: string): void {
    this.#release(name)
    this.#acked.delete(name)
    this.#rejected.delete(name)
    this.#await(name, undefined)
  }

  recordSent(sent: Sent): void {
    this.#sent.set(sent.nonce, sent)
    this.#awaitedBytes += sent.bytes
    for (const { name, group, version } of sent.entries) {
      this.#await(name, sent.nonce)
      this.#rejected.delete(name)
      if (version !== undefined) this.#hold(name, { group, version, isLeaving: false })
      else this.#leave(name)
    }
  }

  /** Books the answer to a nonce; undefined when there is nothing to answer under it. */
  settle(nonce: string, error: string | undefined): Sent | undefined {
    const sent = this.#sent.get(nonce)
    if (sent === undefined) return undefined
    this.#sent.delete(nonce)
    if (!this.#overdue.delete(nonce)) this.#awaitedBytes -= sent.bytes
    const isShared = new Set(sent.entries.map((entry) => entry.group)).size > 1
    for (const entry of sent.entries) {
      // A name that was dropped, or sent again in the meantime, is not what this answer is about.
      if (this.#awaited.get(entry.name) !== nonce) continue
      this.#awaited.delete(entry.name)
      if (error === undefined) this.#accept(entry)
      else this.#refuse(entry, error, sent.entries.length === 1)
      // Nobody can be blamed for a response of several groups: each is sent again on its own.
      if (error !== undefined && isShared && this.#sendsApart) this.#rejected.delete(entry.name)
    }
    return sent
  }

  /** Frees the places of responses that were not answered in time; a late answer still counts. */
  expire(nowMs: number, timeoutMs: number): readonly Sent[] {
    const late = [...this.#sent.values()].filter(
      (sent) => nowMs - sent.sentAtMs >= timeoutMs && !this.#overdue.has(sent.nonce),
    )
    for (const sent of late) {
      this.#overdue.add(sent.nonce)
      this.#awaitedBytes -= sent.bytes
      this.#forgetIfMoot(sent.nonce)
    }
    return late
  }

  /** Whether a name's last response is unanswered and still has its place in the window. */
  blocksResend(name: string): boolean {
    const nonce = this.#awaited.get(name)
    return nonce !== undefined && !this.#overdue.has(nonce)
  }

  #await(name: string, nonce: string | undefined): void {
    const before = this.#awaited.get(name)
    if (nonce === undefined) this.#awaited.delete(name)
    else this.#awaited.set(name, nonce)
    if (before !== undefined) this.#forgetIfMoot(before)
  }

  /** A client that never answers must not be remembered more the longer it goes on: of each name the last will do. */
  #forgetIfMoot(nonce: string): void {
    const isAwaited = this.#sent.get(nonce)?.entries.some(({ name }) => this.#awaited.get(name) === nonce)
    if (isAwaited === true || !this.#overdue.has(nonce)) return
    this.#sent.delete(nonce)
    this.#overdue.delete(nonce)
  }

  #leave(name: string): void {
    const before = this.#held.get(name)
    if (before !== undefined) this.#hold(name, { group: before.group, version: undefined, isLeaving: true })
  }

  #accept({ name, version }: SentEntry): void {
    this.#rejected.delete(name)
    if (version === undefined) {
      this.#release(name)
      this.#acked.delete(name)
    } else this.#acked.set(name, version)
  }

  #refuse({ name, version, group }: SentEntry, message: string, isAlone: boolean): void {
    this.#rejected.set(name, { version: version ?? '', message })
    const before = this.#acked.get(name)
    // A client keeps what it had when it refuses one resource; of several it may have taken some.
    if (!isAlone) this.#hold(name, { group, version: undefined, isLeaving: false })
    else if (before === undefined) this.#release(name)
    else this.#hold(name, { group, version: before, isLeaving: false })
  }

  #hold(name: string, held: Held): void {
    this.#release(name)
    this.#held.set(name, held)
    if (held.version !== undefined) this.#digest.toggle(name, held.version)
    const names = this.#byGroup.get(held.group)
    if (names === undefined) this.#byGroup.set(held.group, new Set([name]))
    else names.add(name)
  }

  #release(name: string): void {
    const held = this.#held.get(name)
    if (held === undefined) return
    this.#held.delete(name)
    if (held.version !== undefined) this.#digest.toggle(name, held.version)
    const names = this.#byGroup.get(held.group)
    names?.delete(name)
    if (names?.size === 0) this.#byGroup.delete(held.group)
  }
}
