import { isSame } from '../kubernetes/sameness.ts'
import type { Condition } from '@bulkhead/crds'

interface StatusLike {
  readonly conditions?: readonly Condition[] | undefined
  readonly [field: string]: unknown
}

/** Whether a status on the API server already says all that ours would, and none of our conditions is out of date. */
export function saysAlready(current: StatusLike | undefined, next: StatusLike, ownTypes: readonly string[]): boolean {
  const { conditions: nextConditions = [], ...nextFields } = next
  const { conditions = [], ...fields } = current ?? {}
  const own = conditions.filter(({ type }) => ownTypes.includes(type))
  if (own.length !== nextConditions.length) return false
  const sameConditions = nextConditions.every((wanted) =>
    own.some((entry) => entry.type === wanted.type && isSame(entry, wanted)),
  )
  return sameConditions && Object.entries(nextFields).every(([key, value]) => isSame(fields[key], value))
}
