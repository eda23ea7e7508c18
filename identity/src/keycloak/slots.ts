/** Lets at most a fixed number of tasks run at once; the others wait their turn, first come, first served. */
export interface Slots {
  run<T>(signal: AbortSignal, task: () => Promise<T>): Promise<T>
}

export function createSlots(count: number): Slots {
  let free = count
  const waiting: (() => void)[] = []
  const take = (signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted()
    if (free > 0) {
      free -= 1
      return Promise.resolve()
    }
    return new Promise((resolve, reject) => {
      const turn = (): void => {
        signal.removeEventListener('abort', give)
        resolve()
      }
      const give = (): void => {
        waiting.splice(waiting.indexOf(turn), 1)
        reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'))
      }
      waiting.push(turn)
      signal.addEventListener('abort', give, { once: true })
    })
  }
  const leave = (): void => {
    const next = waiting.shift()
    if (next === undefined) free += 1
    else next()
  }
  return {
    run: async (signal, task) => {
      await take(signal)
      try {
        return await task()
      } finally {
        leave()
      }
    },
  }
}
