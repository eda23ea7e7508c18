import { createHash } from 'node:crypto'
import type { Part } from './pins.ts'

/** A file that goes into a build: its name inside the part's module, and what it holds. */
export interface BuildInput {
  readonly name: string
  readonly content: string
}

/** Names the folder that holds a part once built: the same for the same pin, inputs and machine type, else another. */
export function cacheKey(part: Part, inputs: readonly BuildInput[], machine: string): string {
  const hash = createHash('sha256')
  // Only what changes the result counts: rewording a comment for people must not rebuild anything.
  hash.update(JSON.stringify([part.name, part.version, part.source, machine]))
  for (const input of inputs.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    hash.update(JSON.stringify([input.name, input.content]))
  }
  return `${part.name}-${hash.digest('hex').slice(0, 12)}`
}
