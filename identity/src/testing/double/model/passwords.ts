import { complaint } from '../answer.ts'
import type { UserFields } from './representations.ts'

// How many characters of a kind a policy like `length(12) and digits(1)` demands.
const kinds: Readonly<Record<string, RegExp>> = {
  length: /./gsu,
  digits: /\d/g,
  lowerCase: /\p{Ll}/gu,
  upperCase: /\p{Lu}/gu,
  specialChars: /[^\p{L}\p{N}]/gu,
}

/** Refuses credentials that a realm's password policy refuses. */
export function demandPasswords(policy: string | undefined, credentials: UserFields['credentials'] = []): void {
  for (const [, rule = '', count] of (policy ?? '').matchAll(/(\w+)\((\d+)\)/g)) {
    const kind = kinds[rule]
    if (kind === undefined) continue
    const isMet = credentials.every(({ value }) => (value.match(kind) ?? []).length >= Number(count))
    if (!isMet) throw complaint(400, 'Password policy not met. See logs for details')
  }
}
