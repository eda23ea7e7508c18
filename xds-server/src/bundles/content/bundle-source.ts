import type { BundleStore } from './bundle-store.ts'
import { deltaBundle, snapshotBundle } from './bundle.ts'
import { parseRevision } from './revision.ts'

export interface Bundle {
  readonly revision: string
  readonly bytes: Buffer
}

/** Makes each bundle once, however many ask for it, and wakes those who wait for the next one. */
export class BundleSource {
  readonly #store: BundleStore
  readonly #policy: string
  readonly #waiting = new Set<() => void>()
  #isOpen = false
  #made = new Map<string, Promise<Bundle>>()
  #madeFor = ''

  constructor(store: BundleStore, policy: string) {
    this.#store = store
    this.#policy = policy
  }

  /** Until this is called nobody gets a bundle, for half the data would refuse the other half's callers. */
  open(): void {
    this.#isOpen = true
    this.wake()
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  wake(): void {
    for (const wake of [...this.#waiting]) wake()
  }

  /** Resolves at the next change, or when the signal is aborted. */
  nextChange(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#waiting.delete(done)
        signal.removeEventListener('abort', done)
        resolve()
      }
      this.#waiting.add(done)
      signal.addEventListener('abort', done)
      if (signal.aborted) done()
    })
  }

  /** True when there is something that who holds this revision has not got. */
  hasNews(heldRevision: string | undefined): boolean {
    const held = heldRevision === undefined ? undefined : parseRevision(heldRevision)
    return this.#isOpen && (held === undefined || !this.#store.isCurrent(held.digest))
  }

  /** What brings who holds this revision up to date: a delta where it takes one and we remember enough. */
  bundleFor(heldRevision: string | undefined, acceptsDelta: boolean): Promise<Bundle> {
    const held = heldRevision === undefined ? undefined : parseRevision(heldRevision)
    const revision = this.#store.revision()
    const changes = held !== undefined && acceptsDelta ? this.#store.changesSince(held.digest) : undefined
    if (held === undefined || changes === undefined) {
      return this.#once(revision, 'snapshot', () => snapshotBundle(revision, this.#policy, this.#store.snapshotJson()))
    }
    return this.#once(revision, held.digest, () => deltaBundle(revision, changes))
  }

  #once(revision: string, key: string, make: () => Promise<Buffer>): Promise<Bundle> {
    if (this.#madeFor !== revision) {
      this.#made = new Map()
      this.#madeFor = revision
    }
    const made = this.#made.get(key) ?? make().then((bytes) => ({ revision, bytes }))
    this.#made.set(key, made)
    // A bundle that could not be made is tried again by the next who asks.
    made.catch(() => this.#made.delete(key))
    return made
  }
}
