// What only the state of the world needs to know of one type on one stream: what was named, and what was said.
import type { Batch } from './batch.ts'
import { NameSet } from './name-set.ts'
import type { SentEntry, SotwRequest } from './protocol.ts'
import { WorldContent } from './world-content.ts'

/** The state-of-the-world side of a subscription. */
export class WorldSide {
  readonly #names: NameSet
  readonly #content = new WorldContent()
  readonly #isComplete: boolean
  #lastNonce: string | undefined

  /** `isComplete`: what is not in a response is gone. */
  constructor(isComplete: boolean) {
    this.#isComplete = isComplete
    this.#names = new NameSet(isComplete)
  }

  /** Whether a request was sent before its client had seen our last answer; what it names it will name again. */
  isStale({ responseNonce }: SotwRequest): boolean {
    return responseNonce !== '' && this.#lastNonce !== undefined && responseNonce !== this.#lastNonce
  }

  /** What a request adds and drops. */
  replace({ names }: SotwRequest): ReturnType<NameSet['replace']> {
    return this.#names.replace(names)
  }

  /** Forgets what the client refused and never had. */
  dropRefused(entries: readonly SentEntry[], hasHad: (name: string) => boolean): void {
    for (const { name } of entries) if (!hasHad(name)) this.#content.drop(name)
  }

  /** Makes a response of what changed: all there is, for a type whose responses are complete. */
  respond(batch: Batch, nonce: string, wants: (name: string) => boolean): Batch {
    this.#lastNonce = nonce
    return this.#isComplete ? this.#content.merge(batch, wants) : batch
  }
}
