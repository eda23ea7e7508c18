// One fleet: its snapshot, the streams that read it, and what they have made of it.
import type { TypeUrl } from '@bulkhead/envoy'
import type { Progress, Settled } from '../subscription/index.ts'
import type { Programmed, Refusal, StreamState } from './acknowledgement.ts'
import { stateOf } from './acknowledgement.ts'
import { Store } from './store.ts'

/** A stream as the fleet knows it. */
export interface AttachedStream {
  readonly id: string
  readonly nodeId: string
  readonly progress: Progress
}

/** What changed for those who report: one group, or every group because a stream came or went. */
export type AcknowledgementChange = { readonly kind: 'group'; readonly group: string } | { readonly kind: 'streams' }

/** A fleet's snapshot together with the answers of its streams. */
export class Fleet {
  /** What whoever publishes calls a type's version; left out, it follows from the content. */
  readonly versionOf: ((typeUrl: TypeUrl) => string | undefined) | undefined
  readonly store = new Store()
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
    this.#notify({ kind: 'streams' })
    return () => {
      if (this.#streams.delete(stream.id)) this.#notify({ kind: 'streams' })
    }
  }

  /** Takes in a stream's answer: an acceptance may become the last good state, a refusal pins the group. */
  settled(stream: AttachedStream, settled: Settled): void {
    if (settled.error !== undefined) this.store.refuse(settled)
    this.progressed(stream, settled.groups)
  }

  /** Says that a stream may have come further with some groups. */
  progressed(stream: AttachedStream, groups: Iterable<string>): void {
    for (const group of groups) {
      if (this.#stateOf(stream, group).kind === 'acked') this.store.accept(group)
      this.#notify({ kind: 'group', group })
    }
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
