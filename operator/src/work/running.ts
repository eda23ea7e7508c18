// work: what is done when something changed or its time has come; operator.ts starts it.
import type { KeyedQueue } from '@bulkhead/runtime'
import type { BrakeTerms } from '../brake.ts'
import type { OperatorMetrics } from '../metrics.ts'
import type { Parts } from '../parts.ts'
import type { Standby } from '../standby.ts'
import type { WatchParts, Watches } from '../watches.ts'
import type { Memory } from './memory.ts'

export interface OperatorOptions extends WatchParts {
  readonly parts: Parts
  readonly operatorMetrics: OperatorMetrics
  readonly concurrency: { readonly tenants: number; readonly subscriptions: number }
  readonly resyncMs: number
  readonly brake: BrakeTerms
  /** Copies that are kept already; left out, the operator keeps its own. */
  readonly standby?: Standby | undefined
  /** Gives a number in [0, 1). */
  readonly random: () => number
}

/** An operator that was started. */
export interface Running {
  readonly options: OperatorOptions
  readonly watches: Watches
  readonly tenants: KeyedQueue<string>
  readonly subscriptions: KeyedQueue<string>
  readonly memory: Memory
}

/** The namespace in a Subscription's key. */
export function namespaceIn(key: string): string {
  return key.slice(0, key.indexOf('/'))
}
