// operator: watches the API and makes tenants and subscriptions what they say. This file joins the rooms; main.ts
// makes what they need.
import { LostLeadership, createKeyedQueue } from '@bulkhead/runtime'
import { startStandby } from './standby.ts'
import { planGives, toolSetGives } from './subscription/wanted.ts'
import { keepSchemas } from './tenant/schemas.ts'
import { mostSlow } from './tenant/slow-work.ts'
import { all, byPlan, byToolSet } from './watches.ts'
import { hasChanged, lookAnew, referenceChanged, subscriptionChanged, tenantChanged } from './work/changes.ts'
import { createMemory } from './work/memory.ts'
import { namespaceIn } from './work/running.ts'
import type { OperatorOptions, Running } from './work/running.ts'
import { workSubscription } from './work/subscription.ts'
import { isSlowTenant, workTenant } from './work/tenant.ts'

export interface Operator {
  /** Undefined once every kind was listed; else what is missing. */
  problem(): string | undefined
  /** Resolves when everything has ended after the signal. */
  readonly stopped: Promise<void>
}

/** Starts the operator; it runs until the signal is aborted. */
export function startOperator(options: OperatorOptions): Operator {
  const { clock, logger, metrics, concurrency } = options
  const tenants = createKeyedQueue<string>({
    ...{ name: 'tenants', clock, logger, metrics, concurrency: concurrency.tenants },
    groupOf: (name) => name,
    slow: { isSlow: (name) => isSlowTenant(running, name), most: mostSlow(concurrency.tenants) },
    reconcile: (name, signal) => workTenant(running, name, signal),
  })
  const subscriptions = createKeyedQueue<string>({
    ...{ name: 'subscriptions', clock, logger, metrics, concurrency: concurrency.subscriptions },
    groupOf: (key) => namespaceIn(key),
    reconcile: (key, signal) => workSubscription(running, key, signal),
  })
  // Until everything was listed once nothing is done: a plan that was not listed yet is not a plan that is gone.
  const gate = { isOpen: false }
  const standby = options.standby ?? startStandby(options)
  const { watches } = standby
  standby.listen({
    onTenant: (change) => gate.isOpen && tenantChanged(running, change),
    onSubscription: (change) => gate.isOpen && subscriptionChanged(running, change),
    onToolSet: (change) =>
      gate.isOpen && hasChanged(change, toolSetGives) && referenceChanged(running, byToolSet, change),
    onPlan: (change) => gate.isOpen && hasChanged(change, planGives) && referenceChanged(running, byPlan, change),
  })
  const ending = [options.parts.issuerKeys.start((name) => lookAnew(running, name))]
  const memory = createMemory(options)
  const running: Running = { options, watches, tenants, subscriptions, memory }
  void Promise.all(all(watches).map((watch) => watch.synced)).then(() => {
    gate.isOpen = true
    ending.push(startSchemas(running))
    for (const tenant of watches.tenants.store.values()) memory.amiss.changed(tenant)
    for (const key of watches.tenants.store.keys()) tenants.add(key)
    for (const key of watches.subscriptions.store.keys()) subscriptions.add(key)
  })
  return {
    problem: () => standby.problem(),
    stopped: stopAll(running, ending),
  }
}

const stopGraceMs = 5_000

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}

async function stopAll(
  { options, watches, tenants, subscriptions, memory }: Running,
  ending: readonly (() => Promise<void>)[],
): Promise<void> {
  await Promise.race([aborted(options.signal), ...all(watches).map((watch) => watch.stopped)])
  if (!options.signal.aborted) options.logger.error({}, 'the watches ended by themselves')
  // Who no longer leads can finish nothing: every write is refused.
  const graceMs = options.signal.reason instanceof LostLeadership ? 0 : stopGraceMs
  await Promise.all([tenants.stop(graceMs), subscriptions.stop(graceMs), ...ending.map((end) => end())])
  memory.amiss.clear()
  options.operatorMetrics.held(0)
  if (options.standby === undefined) await Promise.all(all(watches).map((watch) => watch.stopped))
}

function startSchemas(running: Running): () => Promise<void> {
  const { store } = running.watches.tenants
  return keepSchemas({ ...running.options, tenants: () => store.values(), wake: (name) => lookAnew(running, name) })
}
