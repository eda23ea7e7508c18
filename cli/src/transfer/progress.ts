import type { Call } from '../command.ts'

const everyMs = 2000

/** Tells every two seconds how far a transfer is; one that is quicker tells nothing. */
export class Progress {
  #bytes = 0
  #doing = 'waiting for Postgres'
  readonly #startedMs: number
  readonly #stopped = new AbortController()
  readonly #call: Pick<Call, 'clock' | 'tell'>

  constructor(call: Pick<Call, 'clock' | 'tell'>) {
    this.#call = call
    this.#startedMs = call.clock.steadyMs()
    // The only way out of it is the end.
    this.#keepTelling().catch(() => undefined)
  }

  /** What is done from now on. */
  begin(doing: string): void {
    this.#doing = doing
    this.#bytes = 0
  }

  readonly moved = (bytes: number): void => {
    this.#bytes += bytes
  }

  end(): void {
    this.#stopped.abort()
  }

  async #keepTelling(): Promise<void> {
    const { clock, tell } = this.#call
    for (;;) {
      await clock.sleep(everyMs, this.#stopped.signal)
      const seconds = Math.round((clock.steadyMs() - this.#startedMs) / 1000)
      tell(`  ${seconds} s: ${this.#doing}, ${sizeText(this.#bytes)}`)
    }
  }
}

/** A number of bytes as people read it. */
export function sizeText(bytes: number): string {
  if (bytes < 10_000) return `${bytes} B`
  return bytes < 10_000_000 ? `${Math.round(bytes / 1000)} kB` : `${Math.round(bytes / 1_000_000)} MB`
}
