import type { BundleOperation } from './bundles/data.ts'

/** Where the policy agents get their data from, as far as the control plane needs it. */
export interface PolicyPublisher {
  /** Makes the edits and returns the revision that holds them. */
  publish(operations: readonly BundleOperation[]): string
  /** Starts serving: call it once every tenant that exists was published. */
  open(): void
  revision(): string
  programmed(revision: string): { readonly connected: readonly unknown[]; readonly holding: number }
  /** Calls back when an agent reports something new, until the returned function is called. */
  onStatus(listener: () => void): () => void
}
