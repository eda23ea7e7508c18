import { compareText } from '../../model/compare-text.ts'

/** JSON with sorted keys: equal values give equal bytes, whatever the order in which they were made. */
export function canonicalJson(value: unknown): string {
  // Array and object members that are undefined are handled here, so the leaves below always have a text.
  if (value === undefined) return 'null'
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item)).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([left], [right]) => compareText(left, right))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`)
  return `{${members.join(',')}}`
}
