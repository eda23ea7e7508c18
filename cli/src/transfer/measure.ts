import { createHash } from 'node:crypto'

/** What is known of a file of rows. */
export interface Measured {
  readonly rows: number
  readonly bytes: number
  readonly sha256: string
}

const lineBreak = 10

/** Passes rows on and measures them; `noted` hears of every piece. */
export class Measure {
  #rows = 0
  #bytes = 0
  readonly #hash = createHash('sha256')
  readonly #noted: (bytes: number) => void

  constructor(noted: (bytes: number) => void) {
    this.#noted = noted
  }

  async *pass(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of source) {
      this.#add(chunk)
      yield chunk
    }
  }

  result(): Measured {
    return { rows: this.#rows, bytes: this.#bytes, sha256: this.#hash.copy().digest('hex') }
  }

  // Postgres' text format writes a row in one line: a line break inside of it is `\n`, two characters.
  #add(chunk: Buffer): void {
    this.#bytes += chunk.length
    this.#hash.update(chunk)
    for (let at = chunk.indexOf(lineBreak); at !== -1; at = chunk.indexOf(lineBreak, at + 1)) this.#rows += 1
    this.#noted(chunk.length)
  }
}
