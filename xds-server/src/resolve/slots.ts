/** A bound on how many do something at once; the others wait in the order in which they came. */
export interface Slots {
  /** Resolves with the function that gives the slot back. */
  take(): Promise<() => void>
}

/** Makes `count` slots. */
export function createSlots(count: number): Slots {
  const waiting: (() => void)[] = []
  let free = count
  const give = (): void => {
    const next = waiting.shift()
    if (next === undefined) free += 1
    else next()
  }
  return {
    take: async () => {
      if (free > 0) free -= 1
      else await new Promise<void>((resolve) => waiting.push(resolve))
      return give
    },
  }
}
