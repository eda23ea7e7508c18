import { nextCondition } from '@bulkhead/crds'
import type { Condition, ConditionType, Reason } from '@bulkhead/crds'

/** What a condition says, before it is stamped with the generation and the time. */
export interface Verdict {
  readonly status: Condition['status']
  readonly reason: Reason
  readonly message: string
}
/** Verdicts by the type of their condition. */
export type Verdicts = readonly (readonly [type: ConditionType, verdict: Verdict])[]

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

/** What keeps an object from being Ready. */
export interface Obstacles {
  /** What we are doing about it, while we are. */
  readonly work: string | undefined
  /** What a person must do something about. */
  readonly mistake: Verdict | undefined
}

/**
 * What kstatus reads beside `Ready`: `Reconciling` while something goes on by itself, else `Stalled` when a person must
 * act; never both, and neither for what is Ready or rests on purpose.
 */
export function progressOf(ready: Verdict, { work, mistake }: Obstacles): Verdicts {
  if (ready.status === 'True') return []
  if (work !== undefined) return [['Reconciling', done('Progressing', work)]]
  if (mistake !== undefined) return [['Stalled', done(mistake.reason, mistake.message)]]
  return ready.reason === 'Suspended' ? [] : [['Reconciling', done('Progressing', ready.message)]]
}

/** The conditions of an object that cannot be used: those to keep as they were, and the mistake in all the others. */
export function refusedConditions(
  before: readonly Condition[] = [],
  { kept, refused }: { readonly kept: readonly string[]; readonly refused: readonly ConditionType[] },
  { reason, message }: Pick<Verdict, 'reason' | 'message'>,
  stamp: Stamp,
): Condition[] {
  const told: Verdicts = [
    ...refused.map((type) => [type, failed(reason, message)] as const),
    ['Stalled', done(reason, message)],
  ]
  return [...before.filter(({ type }) => kept.includes(type)), ...conditionsOf(before, told, stamp)]
}
