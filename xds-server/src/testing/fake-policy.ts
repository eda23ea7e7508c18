import type { BundleOperation } from '../bundles/data.ts'
import type { PolicyPublisher } from '../ports.ts'

/** The policy agents' data without a network; one agent holds what was published when `takeUp` is called. */
export class FakePolicy implements PolicyPublisher {
  readonly operations: BundleOperation[] = []
  isOpen = false
  readonly #listeners = new Set<() => void>()
  /** Agents that take nothing up. */
  stuck = 0
  #sequence = 0
  #held = 0

  publish(operations: readonly BundleOperation[]): string {
    this.operations.push(...operations)
    if (operations.length > 0) this.#sequence += 1
    return this.revision()
  }

  open(): void {
    this.isOpen = true
  }

  revision(): string {
    return String(this.#sequence)
  }

  programmed(revision: string): ReturnType<PolicyPublisher['programmed']> {
    const connected = Array.from({ length: 1 + this.stuck }, (_, index) => index)
    return { connected, holding: this.#held >= Number(revision) ? 1 : 0 }
  }

  onStatus(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  takeUp(): void {
    this.#held = this.#sequence
    for (const listener of this.#listeners) listener()
  }
}
