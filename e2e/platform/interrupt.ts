/** Why work was given up: Ctrl-C or SIGTERM. */
export class Interrupted extends Error {
  constructor() {
    super('interrupted')
  }
}

/** Does work that Ctrl-C or SIGTERM aborts with `Interrupted`; before and after, both end the process as usual. */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController()
  const interrupt = (): void => stop.abort(new Interrupted())
  process.on('SIGINT', interrupt)
  process.on('SIGTERM', interrupt)
  try {
    return await work(stop.signal)
  } finally {
    process.off('SIGINT', interrupt)
    process.off('SIGTERM', interrupt)
  }
}
