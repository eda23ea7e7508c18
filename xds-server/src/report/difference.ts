import type { Condition, ConditionType } from '@bulkhead/crds'
import { findCondition, nextCondition } from '@bulkhead/crds'
import type { WantedCondition } from './status.ts'

/** Whether an object's conditions, of the types that are ours to write there, say something else than is wanted. */
export function isDifferent(
  wanted: readonly WantedCondition[],
  current: readonly Condition[],
  types: readonly ConditionType[],
): boolean {
  return types.some((type) => {
    const want = wanted.find((condition) => condition.type === type)
    const have = findCondition(current, type)
    if (want === undefined || have === undefined) return want !== have
    return (
      want.status !== have.status ||
      want.reason !== have.reason ||
      want.message !== have.message ||
      want.observedGeneration !== have.observedGeneration
    )
  })
}

/** The conditions as they are written: each keeps its time unless its status turned. `now` is an RFC 3339 time. */
export function timed(
  wanted: readonly WantedCondition[],
  current: readonly Condition[],
  now: string,
): readonly Condition[] {
  return wanted.map((condition) => nextCondition(current, condition, now))
}

/** A turn that is worth telling the author as an event. */
export interface Transition {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
}

const quiet: ReadonlySet<string> = new Set(['Waiting', 'Progressing', 'NotReferenced', 'Withdrawn'])

/** What turned, of the condition that sums the object up (`Ready`, or `Programmed` where that is not ours). */
export function transitionOf(
  wanted: readonly WantedCondition[],
  current: readonly Condition[],
): Transition | undefined {
  const summary = wanted.find(({ type }) => type === 'Ready') ?? wanted.find(({ type }) => type === 'Programmed')
  if (summary === undefined || quiet.has(summary.reason)) return undefined
  const before = findCondition(current, summary.type)
  if (before?.status === summary.status && before.reason === summary.reason) return undefined
  const { reason, message, status } = summary
  return { type: status === 'True' ? 'Normal' : 'Warning', reason, message }
}
