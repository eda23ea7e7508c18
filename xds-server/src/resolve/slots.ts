/** A bound on how many do something at once, and how many of them for one owner. */
export interface Slots {
  /** Resolves with the function that gives the slot back; one of the owners is charged with it meanwhile. */
  take(owners: () => Iterable<string>, signal: AbortSignal): Promise<() => void>
}

export interface SlotsOptions {
  readonly count: number
  readonly countPerOwner: number
}

interface Waiting {
  readonly owners: () => Iterable<string>
  readonly start: (release: () => void) => void
}

/** Makes slots. Whose owner holds the fewest is next, so that nobody's many wait before another's few. */
export function createSlots({ count, countPerOwner }: SlotsOptions): Slots {
  const waiting = new Set<Waiting>()
  const held = new Map<string, number>()
  const heldBy = (owner: string): number => held.get(owner) ?? 0
  let free = count

  const next = (): void => {
    const found = free > 0 ? mostEntitled(waiting, heldBy) : undefined
    if (found === undefined || heldBy(found.owner) >= countPerOwner) return
    const { entry, owner } = found
    waiting.delete(entry)
    free -= 1
    held.set(owner, heldBy(owner) + 1)
    entry.start(() => {
      free += 1
      if (heldBy(owner) > 1) held.set(owner, heldBy(owner) - 1)
      else held.delete(owner)
      next()
    })
  }
  return {
    take: (owners, signal) =>
      new Promise((start, reject) => {
        const entry = { owners, start }
        waiting.add(entry)
        const giveUp = (): void => {
          waiting.delete(entry)
          reject(new Error('Nobody waits for this slot any more', { cause: signal.reason }))
        }
        signal.addEventListener('abort', giveUp, { once: true })
        next()
      }),
  }
}

function mostEntitled(
  waiting: Iterable<Waiting>,
  heldBy: (owner: string) => number,
): { readonly entry: Waiting; readonly owner: string } | undefined {
  let best: { readonly entry: Waiting; readonly owner: string } | undefined
  for (const entry of waiting) {
    for (const owner of entry.owners()) {
      if (best === undefined || heldBy(owner) < heldBy(best.owner)) best = { entry, owner }
      if (heldBy(owner) === 0) return best
    }
  }
  return best
}
