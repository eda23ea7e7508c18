// A version for a set of resources that does not depend on the order in which the set was filled.
import { createHash } from 'node:crypto'

const BYTES = 16

/** The digest of a set; adding an entry twice takes it out again. */
export class SetDigest {
  readonly #bits = new Uint8Array(BYTES)

  toggle(name: string, version: string): void {
    const hash = createHash('sha256').update(version).update('\0').update(name).digest()
    for (let at = 0; at < BYTES; at += 1) this.#bits[at] = (this.#bits[at] ?? 0) ^ (hash[at] ?? 0)
  }

  toString(): string {
    return Buffer.from(this.#bits).toString('hex')
  }
}
