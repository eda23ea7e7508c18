import type { Problem, Reason } from '@bulkhead/crds'
import { failed } from '../verdict.ts'
import type { Verdict } from '../verdict.ts'

/** The verdict on a wall that cannot be seen or built for a fault: nothing of the fault's own words. */
export const unavailable = (reason: Reason): Verdict =>
  failed(reason, 'It cannot be reached or refuses, and is tried again')

/** All problems in one message, in the order of the object. */
export function sentence(problems: readonly Problem[]): string {
  return problems
    .map(({ field, message }) => `${field}: ${message}`)
    .join('; ')
    .slice(0, 2000)
}
