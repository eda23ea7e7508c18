import { Readable } from 'node:stream'
import type { Client, Connection, Submittable } from 'pg'

const batchBytes = 64 * 1024

/** What a `COPY … TO STDOUT` sends, taken from the server no faster than it is read. */
export function copyOut(client: Client, statement: string): Readable {
  return client.query(new CopyOut(statement))
}

class CopyOut extends Readable implements Submittable {
  readonly #statement: string
  #connection: Connection | undefined
  // The driver reuses its memory for the next rows, so every row is copied at once.
  #batch = Buffer.allocUnsafe(batchBytes)
  #used = 0
  #isAnswered = false

  constructor(statement: string) {
    super({ highWaterMark: 4 * batchBytes })
    this.#statement = statement
  }

  submit(connection: Connection): void {
    this.#connection = connection
    connection.query(this.#statement)
  }

  handleCopyData({ chunk }: { readonly chunk: Buffer }): void {
    if (this.#used + chunk.length > this.#batch.length) this.#flush(chunk.length)
    chunk.copy(this.#batch, this.#used)
    this.#used += chunk.length
  }

  handleCommandComplete(): void {
    this.#flush(0)
  }

  handleReadyForQuery(): void {
    this.#isAnswered = true
    this.push(null)
    // Nobody asks for more after the end, and the answers to what comes next are still to be read.
    this.#connection?.stream.resume()
  }

  handleError(error: Error): void {
    this.#isAnswered = true
    this.destroy(error)
  }

  override _read(): void {
    this.#connection?.stream.resume()
  }

  // Whoever stops reading leaves the server in the middle of a copy: only the end of the connection ends that.
  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    if (!this.#isAnswered) this.#connection?.stream.destroy()
    callback(error)
  }

  #flush(nextBytes: number): void {
    if (this.#used > 0 && !this.push(this.#batch.subarray(0, this.#used))) this.#connection?.stream.pause()
    this.#batch = Buffer.allocUnsafe(Math.max(batchBytes, nextBytes))
    this.#used = 0
  }
}
