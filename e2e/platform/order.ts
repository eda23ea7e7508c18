import type { PartName } from './part.ts'

/** What the order of starting and stopping looks at. */
export interface Needing {
  readonly name: PartName
  readonly needs: readonly PartName[]
}

/** The parts in an order in which each stands after everything it needs; throws when they need each other in a circle. */
export function startOrder<P extends Needing>(parts: readonly P[]): readonly P[] {
  const ordered: P[] = []
  let left = [...parts]
  while (left.length > 0) {
    const ready = left.filter((part) => !part.needs.some((need) => left.some((other) => other.name === need)))
    if (ready.length === 0)
      throw new Error(`Cannot order the parts: ${left.map((p) => p.name).join(', ')} need each other`)
    ordered.push(...ready)
    left = left.filter((part) => !ready.includes(part))
  }
  return ordered
}

/** The chosen parts and, transitively, everything that they need. */
export function withNeeds<P extends Needing>(parts: readonly P[], chosen: readonly PartName[]): readonly P[] {
  const wanted = new Set<PartName>(chosen)
  for (const part of [...startOrder(parts)].reverse()) {
    if (wanted.has(part.name)) part.needs.forEach((need) => wanted.add(need))
  }
  return parts.filter((part) => wanted.has(part.name))
}
