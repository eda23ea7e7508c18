// How long a stream's answer has been waited for, so that one silent client does not wait for ever.

/** Whether a step may be taken: now, after an answer, or not before something else is published. */
export type Readiness = 'ready' | 'waiting' | 'blocked'

/** A resource that may have to wait, and what for: the version to be sent, or none to take it away. */
export interface Step {
  readonly key: string
  readonly group: string
  readonly version: string | undefined
}

interface Wait extends Step {
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
  isOver(step: Step, now: { readonly readiness: Readiness; readonly nowMs: number }): boolean {
    if (now.readiness === 'ready') {
      this.end(step.key)
      return true
    }
    const before = this.#open.get(step.key)
    // A wait that has ended was for one version only: the next waits for answers of its own.
    const isOther = before?.version !== step.version && this.#hasEnded(before, now.nowMs)
    const { sinceMs, isReported } = before === undefined || isOther ? { sinceMs: now.nowMs, isReported: false } : before
    const wait = { ...step, sinceMs, isReported }
    this.#open.set(step.key, wait)
    return this.#hasEnded(wait, now.nowMs)
  }

  /** Forgets a resource: there is nothing more to do about it. */
  end(key: string): void {
    this.#open.delete(key)
  }

  /** Forgets a group that is gone; should it come back, it waits anew. */
  endGroup(group: string): void {
    for (const [key, wait] of this.#open) if (wait.group === group) this.#open.delete(key)
  }

  /** Groups whose waiting has ended since the last call. */
  overdue(nowMs: number): readonly string[] {
    const ended = [...this.#open.values()].filter((wait) => !wait.isReported && this.#hasEnded(wait, nowMs))
    for (const wait of ended) wait.isReported = true
    return [...new Set(ended.map((wait) => wait.group))]
  }

  #hasEnded(wait: Wait | undefined, nowMs: number): boolean {
    return wait !== undefined && nowMs - wait.sinceMs >= this.#patienceMs
  }
}
