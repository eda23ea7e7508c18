import { nextCondition } from '@bulkhead/crds'
import type { Condition, Reason } from '@bulkhead/crds'

/** What a condition says, before it is stamped with the generation and the time. */
export interface Verdict {
  readonly status: Condition['status']
  readonly reason: Reason
  readonly message: string
}
/** Verdicts by the type of their condition. */
export type Verdicts = readonly (readonly [type: string, verdict: Verdict])[]

export interface Stamp {
  readonly observedGeneration: number
  /** RFC 3339. */
  readonly now: string
}

export const done = (reason: Reason, message: string): Verdict => ({ status: 'True', reason, message })
export const failed = (reason: Reason, message: string): Verdict => ({ status: 'False', reason, message })

/** The verdicts as conditions that follow those of before. */
export function conditionsOf(
  before: readonly Condition[] | undefined,
  verdicts: Verdicts,
  { observedGeneration, now }: Stamp,
): Condition[] {
  return verdicts.map(([type, verdict]) => nextCondition(before, { type, ...verdict, observedGeneration }, now))
}

/** The conditions of an object that cannot be used: those to keep as they were, and the mistake in all the others. */
export function refusedConditions(
  before: readonly Condition[] = [],
  { kept, refused }: { readonly kept: readonly string[]; readonly refused: readonly string[] },
  { reason, message }: Pick<Verdict, 'reason' | 'message'>,
  stamp: Stamp,
): Condition[] {
  const told: Verdicts = [
    ...refused.map((type) => [type, failed(reason, message)] as const),
    ['Stalled', done(reason, message)],
  ]
  return [...before.filter(({ type }) => kept.includes(type)), ...conditionsOf(before, told, stamp)]
}
