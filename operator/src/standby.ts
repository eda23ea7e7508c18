import type { Listeners, WatchParts, Watches } from './watches.ts'
import { all, startWatches } from './watches.ts'

/** The copies of a process that may lead later: they are kept up to date all the time, so that it can begin at once. */
export interface Standby {
  readonly watches: Watches
  /** Undefined once every kind was listed; else what is missing. */
  problem(): string | undefined
  /** These listeners are told of changes from now on, and no others. */
  listen(listeners: Listeners): void
  /** Resolves when everything has ended after the signal. */
  readonly stopped: Promise<void>
}

/** Starts the watches; nobody is told of anything yet. */
export function startStandby(parts: WatchParts): Standby {
  let listeners: Listeners | undefined
  const watches = startWatches(parts, {
    onTenant: (change) => listeners?.onTenant(change),
    onSubscription: (change) => listeners?.onSubscription(change),
    onToolSet: (change) => listeners?.onToolSet(change),
    onPlan: (change) => listeners?.onPlan(change),
  })
  return {
    watches,
    problem: () => (all(watches).every((watch) => watch.isSynced()) ? undefined : 'not every kind was listed yet'),
    listen: (next) => {
      listeners = next
    },
    stopped: Promise.all(all(watches).map((watch) => watch.stopped)).then(() => undefined),
  }
}
