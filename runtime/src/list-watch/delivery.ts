import type { Logger } from '../logger.ts'
import type { CounterMetric } from '../metrics.ts'
import type { Change } from './types.ts'

export interface Delivery<T> {
  deliver(change: Change<T>): void
  /** Tries again what the handler refused before. */
  redeliver(): void
  /** Runs another of the caller's functions; what it throws is logged and counted. */
  guard(key: string, call: () => void): void
}

export interface DeliveryOptions<T> {
  readonly onChange: ((change: Change<T>) => void | Promise<void>) | undefined
  readonly logger: Logger
  readonly faults: CounterMetric
}

/**
 * Hands changes to the handler. One that throws or rejects stops nobody: the fault is logged and counted, and the
 * change is kept until it (or a later one of the same object) was taken.
 */
export function createDelivery<T>({ onChange, logger, faults }: DeliveryOptions<T>): Delivery<T> {
  const refused = new Map<string, Change<T>>()
  const refuse = (change: Change<T>, error: unknown): void => {
    refused.set(change.key, change)
    faults.add()
    logger.error({ key: change.key, change: change.type, err: error }, 'handler failed, the change will be given again')
  }
  const deliver = (change: Change<T>): void => {
    refused.delete(change.key)
    try {
      const pending = onChange?.(change)
      if (pending instanceof Promise) pending.catch((error: unknown) => refuse(change, error))
    } catch (error) {
      refuse(change, error)
    }
  }
  return {
    deliver,
    guard: (key, call) => {
      try {
        call()
      } catch (error) {
        faults.add()
        logger.error({ key, err: error }, 'handler failed')
      }
    },
    redeliver: () => {
      for (const change of [...refused.values()]) deliver(change)
    },
  }
}
