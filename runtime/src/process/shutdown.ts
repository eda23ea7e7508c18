/** The part of `process` that tells of signals. */
export interface SignalSource {
  on(event: 'SIGINT' | 'SIGTERM', listener: () => void): unknown
  exit(code: number): void
}

/** Aborts at the first SIGINT or SIGTERM; the second ends the process at once with exit code 1. */
export function onShutdown(source: SignalSource): AbortSignal {
  const controller = new AbortController()
  const stop = (): void => {
    if (controller.signal.aborted) source.exit(1)
    else controller.abort(new Error('The process was told to stop'))
  }
  source.on('SIGINT', stop)
  source.on('SIGTERM', stop)
  return controller.signal
}
