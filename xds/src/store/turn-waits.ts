// What one stream waits for because another tries it first.
import type { Step } from './waits.ts'

interface Wait extends Step {
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

  /** Waits for another stream's answer to a step; true when that took too long. */
  isOver(step: Step, firstId: string, nowMs: number): boolean {
    const before = this.#open.get(step.key)
    const isSame = before?.version === step.version && before?.firstId === firstId
    if (isSame) return this.#hasEnded(before, nowMs)
    this.#open.set(step.key, { ...step, firstId, sinceMs: nowMs })
    return false
  }

  end(key: string): void {
    this.#open.delete(key)
  }

  /** Groups to look at again: their patience has ended, or the turn is another's. */
  due(firstId: string | undefined, nowMs: number): readonly string[] {
    if (this.#open.size === 0) return []
    const due = [...this.#open.values()].filter((wait) => wait.firstId !== firstId || this.#hasEnded(wait, nowMs))
    return [...new Set(due.map(({ group }) => group))]
  }

  #hasEnded({ sinceMs }: Wait, nowMs: number): boolean {
    return nowMs - sinceMs >= this.#patienceMs
  }
}
