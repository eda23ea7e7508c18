// How long a group has waited for a stream's answer, so that one silent client does not wait for ever.

/** Whether a step may be taken: now, after an answer, or not before something else is published. */
export type Readiness = 'ready' | 'waiting' | 'blocked'

interface Wait {
  readonly group: string
  readonly sinceMs: number
  isReported: boolean
}

/** The open waits of one stream. */
export class Waits {
  readonly #patienceMs: number
  readonly #open = new Map<string, Wait>()

  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs
  }

  /** Whether a step needs to wait no longer: it is ready, or was not answered in time. */
  isOver(key: string, group: string, now: { readonly readiness: Readiness; readonly nowMs: number }): boolean {
    if (now.readiness === 'ready') {
      this.#open.delete(key)
      return true
    }
    const wait = this.#open.get(key) ?? { group, sinceMs: now.nowMs, isReported: false }
    this.#open.set(key, wait)
    return now.nowMs - wait.sinceMs >= this.#patienceMs
  }

  /** Groups whose waiting has ended since the last call. */
  overdue(nowMs: number): readonly string[] {
    const ended = [...this.#open.values()].filter(
      (wait) => !wait.isReported && nowMs - wait.sinceMs >= this.#patienceMs,
    )
    for (const wait of ended) wait.isReported = true
    return ended.map((wait) => wait.group)
  }
}
