// One fleet: its snapshot, the streams that read it, and what they have made of it.
import type { TypeUrl } from '@bulkhead/envoy'
import type { Settled } from '../subscription/index.ts'
import type { Programmed, Refusal, StreamState } from './acknowledgement.ts'
import { stateOf } from './acknowledgement.ts'
import { Store } from '../store/index.ts'
import type { Taster } from './turns.ts'
import { Turns } from './turns.ts'

/** A stream as the fleet knows it. */
export type AttachedStream = Taster

/**
 * What changed for those who report: one group, every group because a stream came or went, or who tries changes. `refused
 * aside` is said by a stream that does not count, as one of certificates: it holds up nothing.
 */
export type AcknowledgementChange =
  | { readonly kind: 'group'; readonly group: string }
  | { readonly kind: 'streams' }
  | { readonly kind: 'passed over'; readonly silent: Taster; readonly next: Taster }
  | { readonly kind: 'caught up'; readonly stream: Taster }
  | { readonly kind: 'refused aside'; readonly refusal: Settled }

/** A fleet's snapshot together with the answers of its streams. */
export class Fleet {
  /** What whoever publishes calls a type's version; left out, it follows from the content. */
  readonly versionOf: ((typeUrl: TypeUrl) => string | undefined) | undefined
  readonly store = new Store()
  readonly #turns = new Turns()
  readonly #streams = new Map<string, AttachedStream>()
  readonly #listeners = new Set<(change: AcknowledgementChange) => void>()

  constructor(versionOf?: (typeUrl: TypeUrl) => string | undefined) {
    this.versionOf = versionOf
  }

  /** The streams that are connected now. */
  get streams(): Iterable<AttachedStream> {
    return this.#streams.values()
  }

  /** Counts a stream among the connected until the returned function is called. */
  attach(stream: AttachedStream): () => void {
    this.#streams.set(stream.id, stream)
    this.#turns.add(stream)
    this.#notify({ kind: 'streams' })
    return () => {
      this.#turns.remove(stream.id)
      if (this.#streams.delete(stream.id)) this.#notify({ kind: 'streams' })
    }
  }

  /** The stream that gets first what none has accepted. */
  get first(): Taster | undefined {
    return this.#turns.first
  }

  /** The streams that were passed over because they did not answer. */
  get silent(): readonly Taster[] {
    return this.#turns.silent
  }

  /** Whether a stream is one whose answers count. */
  counts(id: string): boolean {
    return this.#streams.has(id)
  }

  /** Whether a stream has had everything once, and answers. */
  hasCaughtUp(id: string): boolean {
    return this.#turns.hasCaughtUp(id)
  }

  /** Gives the first place to the next stream, because the first does not answer. */
  passOver(silent: Taster): void {
    this.#turns.pass(silent.id)
    const next = this.#turns.first
    if (next !== undefined && next !== silent) this.#notify({ kind: 'passed over', silent, next })
  }

  /** Takes in a stream's answer: an acceptance may become the last good state, a refusal pins the group. */
  settled(stream: AttachedStream, settled: Settled): void {
    if (settled.error !== undefined) this.store.refuse(settled)
    this.progressed(stream, settled.groups)
  }

  /** Lets those who report know of a refusal on a stream that does not count. */
  refusedAside(refusal: Settled): void {
    this.#notify({ kind: 'refused aside', refusal })
  }

  /** Says that a stream may have come further with some groups. */
  progressed(stream: AttachedStream, groups: Iterable<string>): void {
    for (const group of groups) {
      this.store.prove(group, stream.progress)
      if (this.#stateOf(stream, group).kind === 'acked') this.store.accept(group)
      this.#notify({ kind: 'group', group })
    }
  }

  /** Notes that there is nothing more to send to a stream for now: it may try changes, if it has answered everything. */
  rested(stream: AttachedStream): void {
    if (this.#turns.rested(stream.id)) this.#notify({ kind: 'caught up', stream })
  }

  /** Where the current publication of a group stands. */
  programmed(group: string): Programmed {
    const states = [...this.#streams.values()].map((stream) => ({ stream, state: this.#stateOf(stream, group) }))
    const nacked = states.flatMap(({ stream, state }): readonly Refusal[] => {
      if (state.kind !== 'nacked') return []
      const { message, resourceNames } = state
      return [{ streamId: stream.id, nodeId: stream.nodeId, message, resourceNames }]
    })
    return { connected: states.length, acked: states.filter(({ state }) => state.kind === 'acked').length, nacked }
  }

  /** Calls back when `programmed` may have changed, until the returned function is called. */
  subscribe(listener: (change: AcknowledgementChange) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #stateOf(stream: AttachedStream, group: string): StreamState {
    return stateOf(this.store.published(group), group, stream.progress)
  }

  #notify(change: AcknowledgementChange): void {
    for (const listener of this.#listeners) listener(change)
  }
}
