// What one stream waits for because another tries it first.
import type { EncodedResource } from '@bulkhead/envoy'
import { keyOf } from '../store/index.ts'

interface Wait {
  readonly resource: EncodedResource
  /** Whose answer is waited for; each gets the same patience. */
  readonly firstId: string
  readonly sinceMs: number
}

/** The changes that one stream has not got because it is not its turn. */
export class TurnWaits {
  readonly #patienceMs: number
  readonly #open = new Map<string, Wait>()

  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs
  }

  get isEmpty(): boolean {
    return this.#open.size === 0
  }

  /** Waits for another stream's answer to a resource; true when that took too long. */
  isOver(resource: EncodedResource, firstId: string, nowMs: number): boolean {
    const before = this.#open.get(keyOf(resource))
    if (before?.resource.version === resource.version && before.firstId === firstId)
      return this.#hasEnded(before, nowMs)
    this.#open.set(keyOf(resource), { resource, firstId, sinceMs: nowMs })
    return false
  }

  end(resource: Pick<EncodedResource, 'typeUrl' | 'name'>): void {
    this.#open.delete(keyOf(resource))
  }

  /** What to look at again: its patience has ended, or the turn is another's. */
  due(firstId: string | undefined, nowMs: number): readonly EncodedResource[] {
    if (this.isEmpty) return []
    const isDue = (wait: Wait): boolean => wait.firstId !== firstId || this.#hasEnded(wait, nowMs)
    return [...this.#open.values()].filter(isDue).map(({ resource }) => resource)
  }

  #hasEnded({ sinceMs }: Wait, nowMs: number): boolean {
    return nowMs - sinceMs >= this.#patienceMs
  }
}
