import { createHash } from 'node:crypto'
import { compareText } from '../../model/compare-text.ts'

const bucketCount = 256

/**
 * The digest of a set of named texts, kept up to date one text at a time: an edit hashes that text, its bucket and
 * the list of buckets, never everything. The same texts give the same digest, in whatever order they came.
 */
export class ContentDigest {
  readonly #buckets = Array.from({ length: bucketCount }, () => new Map<string, string>())
  readonly #bucketDigests: string[] = Array.from({ length: bucketCount }, () => '')
  readonly #stale = new Set<number>()

  set(name: string, text: string): void {
    const index = bucketOf(name)
    this.#buckets[index]?.set(name, sha256(text))
    this.#stale.add(index)
  }

  delete(name: string): void {
    const index = bucketOf(name)
    this.#buckets[index]?.delete(name)
    this.#stale.add(index)
  }

  /** 32 hexadecimal characters. */
  value(): string {
    for (const index of this.#stale) this.#refresh(index)
    this.#stale.clear()
    return sha256(this.#bucketDigests.join('\n')).slice(0, 32)
  }

  #refresh(index: number): void {
    const entries = [...(this.#buckets[index] ?? [])].sort(([left], [right]) => compareText(left, right))
    this.#bucketDigests[index] = entries.length === 0 ? '' : sha256(JSON.stringify(entries))
  }
}

function bucketOf(name: string): number {
  return createHash('sha256').update(name).digest()[0] ?? 0
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
