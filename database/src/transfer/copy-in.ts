import { once } from 'node:events'
import type { Client, Connection, Submittable } from 'pg'

declare module 'pg' {
  // The driver has these for whoever submits a copy; its types leave them out.
  interface Connection {
    sendCopyFromChunk(chunk: Buffer): void
    endCopyFrom(): void
    sendCopyFail(message: string): void
  }
}

/**
 * Runs a `COPY … FROM STDIN` with what `source` gives, no faster than the server takes it. Gives the number of rows.
 * When the source throws, the copy is given up and its fault is thrown.
 */
export async function copyIn(client: Client, statement: string, source: AsyncIterable<Buffer>): Promise<number> {
  const copy = client.query(new CopyIn(statement))
  const connection = await copy.opened.promise
  try {
    for await (const chunk of source) {
      if (copy.stopped.signal.aborted) break
      connection.sendCopyFromChunk(chunk)
      await drained(connection, copy.stopped.signal)
    }
  } catch (error) {
    connection.sendCopyFail('the source failed')
    await copy.done.promise.catch(() => undefined)
    throw error
  }
  if (!copy.stopped.signal.aborted) connection.endCopyFrom()
  return copy.done.promise
}

async function drained({ stream }: Connection, signal: AbortSignal): Promise<void> {
  if (!stream.writableNeedDrain || signal.aborted) return
  // A refused copy ends the wait; its own promise says why.
  await once(stream, 'drain', { signal }).catch(() => undefined)
}

class CopyIn implements Submittable {
  readonly opened = Promise.withResolvers<Connection>()
  readonly done = Promise.withResolvers<number>()
  /** Aborted once the server takes no more. */
  readonly stopped = new AbortController()
  readonly #statement: string
  #rows = 0

  constructor(statement: string) {
    this.#statement = statement
    // Each is awaited only when the copy gets that far.
    this.opened.promise.catch(() => undefined)
    this.done.promise.catch(() => undefined)
  }

  submit(connection: Connection): void {
    connection.query(this.#statement)
  }

  handleCopyInResponse(connection: Connection): void {
    this.opened.resolve(connection)
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    this.#rows = Number(/^COPY (\d+)$/.exec(text)?.[1])
  }

  handleReadyForQuery(): void {
    this.done.resolve(this.#rows)
  }

  handleError(error: Error): void {
    this.stopped.abort()
    this.opened.reject(error)
    this.done.reject(error)
  }
}
