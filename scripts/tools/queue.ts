/** Runs work in turns, never more than the lane's limit at once; the lowest rank of those that wait goes next. */
export type Lane = <T>(rank: number, work: () => Promise<T>) => Promise<T>

interface Waiting {
  readonly rank: number
  readonly go: () => void
}

/** A lane that passes the turn on even when the work fails, and keeps the order of equal ranks. */
export function lane(limit: number): Lane {
  const waiting: Waiting[] = []
  let running = 0
  const leave = (): void => {
    const next = waiting.shift()
    if (next === undefined) running -= 1
    else next.go()
  }
  const turn = (rank: number): Promise<void> =>
    new Promise((go) => {
      const place = waiting.findIndex((other) => other.rank > rank)
      waiting.splice(place === -1 ? waiting.length : place, 0, { rank, go })
    })
  return async (rank, work) => {
    if (running < limit) running += 1
    else await turn(rank)
    try {
      return await work()
    } finally {
      leave()
    }
  }
}

/** How many compilers a Go build may run at once, so that `builds` of them together fill the cores. */
export function compilersPerBuild(cores: number, builds: number): number {
  return Math.max(1, Math.min(cores, Math.ceil((cores * 1.5) / builds)))
}
