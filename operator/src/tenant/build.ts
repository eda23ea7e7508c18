import type { Problem } from '@bulkhead/crds'
import type { WantedObject } from '../kubernetes/wanted-object.ts'
import type { Parts } from '../parts.ts'
import { apply } from './apply.ts'
import type { Applied } from './apply.ts'
import { observeWall } from './observe.ts'
import { wallNames } from './observed.ts'
import type { Observed, WallName } from './observed.ts'
import { plan } from './plan.ts'
import type { Step } from './step.ts'
import type { Wanted } from './wanted.ts'

// Namespace, what stands in it, its door, then what needs the realm; one more for a race lost to somebody.
const maxRounds = 5

/**
 * Acts until a look finds nothing left to do, each wall at its own pace: a realm takes seconds, and nothing waits for it
 * but what needs it. A wall that failed is left alone for the rest of this pass, and so is an object that was refused.
 */
export async function build(
  parts: Parts,
  wanted: Wanted,
  first: Observed,
  signal: AbortSignal,
): Promise<Applied & { readonly observed: Observed }> {
  const faults = new Map<WallName, unknown>()
  const refusals = new Map<WantedObject, Problem>()
  const rounds = new Map<WallName, number>()
  let observed = first
  const isOpen = (step: Step) => !faults.has(step.wall) && !('object' in step && refusals.has(step.object))
  const stepsAt = (wall: WallName) => {
    if ((rounds.get(wall) ?? 0) >= maxRounds) return []
    return plan(wanted, observed).filter((step) => step.wall === wall && isOpen(step))
  }
  const buildWall = async (wall: WallName): Promise<void> => {
    for (let steps = stepsAt(wall); steps.length > 0; steps = stepsAt(wall)) {
      rounds.set(wall, (rounds.get(wall) ?? 0) + 1)
      const applied = await apply(parts, wanted, steps, signal)
      for (const [failed, fault] of applied.faults) faults.set(failed, fault)
      for (const [object, problem] of applied.refusals) refusals.set(object, problem)
      const seen = await observeWall(parts, wanted, wall, signal)
      observed = { ...observed, ...seen }
    }
  }
  // What one wall waits for may have come in another: until none of them has anything left to do.
  for (let open = wallNames; open.length > 0; open = wallNames.filter((wall) => stepsAt(wall).length > 0)) {
    const ended = await Promise.allSettled(open.map(buildWall))
    signal.throwIfAborted()
    for (const one of ended) if (one.status === 'rejected') throw one.reason
  }
  return { observed, faults, refusals }
}
