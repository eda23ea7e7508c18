// Who tries a change first. What no stream has accepted goes to one of them, and to the others once that one has; a
// stream that does not answer loses its place to the next.
import { AGGREGATED_TYPES } from '../subscription/index.ts'
import type { Progress } from '../subscription/index.ts'

/** A stream that may be the first to get a change. */
export interface Taster {
  readonly id: string
  readonly nodeId: string
  /** An Envoy that serves nobody, and therefore goes before those that do. */
  readonly isCanary: boolean
  readonly progress: Progress
}

interface Place {
  readonly taster: Taster
  /** Has caught up with the snapshot: before, a change would wait behind all that it still has to load. */
  isReady: boolean
  isSilent: boolean
}

/** The order in which the streams of a fleet get what none has accepted. */
export class Turns {
  readonly #places = new Map<string, Place>()
  #first: Taster | undefined

  /** The stream that gets a change first. */
  get first(): Taster | undefined {
    return this.#first
  }

  /** The streams that lost their place because they did not answer, and have not caught up since. */
  get silent(): readonly Taster[] {
    return [...this.#places.values()].filter((place) => place.isSilent).map(({ taster }) => taster)
  }

  hasCaughtUp(id: string): boolean {
    return this.#places.get(id)?.isReady === true
  }

  add(taster: Taster): void {
    this.#places.set(taster.id, { taster, isReady: false, isSilent: false })
    this.#choose()
  }

  remove(id: string): void {
    if (this.#places.delete(id)) this.#choose()
  }

  /** Notes that there is nothing to send to a stream; true when it was silent and has its place again. */
  rested(id: string): boolean {
    const place = this.#places.get(id)
    if (place === undefined || place.isReady || !hasCaughtUp(place.taster.progress)) return false
    const wasSilent = place.isSilent
    place.isReady = true
    place.isSilent = false
    this.#choose()
    return wasSilent
  }

  /** Passes over a stream that does not answer: it goes behind all others. */
  pass(id: string): void {
    const place = this.#places.get(id)
    if (place === undefined) return
    this.#places.delete(id)
    this.#places.set(id, { taster: place.taster, isReady: false, isSilent: true })
    this.#choose()
  }

  #choose(): void {
    const all = [...this.#places.values()]
    const ready = all.filter((place) => place.isReady)
    this.#first = (ready.find(({ taster }) => taster.isCanary) ?? ready[0] ?? all[0])?.taster
  }
}

function hasCaughtUp(progress: Progress): boolean {
  const asked = AGGREGATED_TYPES.filter(({ typeUrl }) => progress.isSubscribed(typeUrl))
  return asked.length > 0 && asked.every(({ typeUrl }) => progress.isIdle(typeUrl))
}
