import { roleBindingKind } from '../kubernetes/kinds.ts'
import type { Step } from './step.ts'

/** A wall's steps in turns, one after another: those of one turn need nothing of each other, and are taken at once. */
export function turnsOf(steps: readonly Step[]): readonly (readonly Step[])[] {
  const turns: Step[][] = []
  let wasFree = false
  for (const step of steps) {
    const isFree = isFurniture(step)
    if (isFree && wasFree) turns.at(-1)?.push(step)
    else turns.push([step])
    wasFree = isFree
  }
  return turns
}

// What stands in a namespace beside others, once our own binding lets us in. Who else is let in comes after all of it.
function isFurniture(step: Step): boolean {
  if (step.wall !== 'namespace' || (step.kind !== 'create' && step.kind !== 'mend')) return false
  const { kind, body } = step.object
  return body.metadata.namespace !== undefined && kind !== roleBindingKind
}
