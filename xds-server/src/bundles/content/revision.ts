/**
 * The name of one state of the data. `sequence` grows within one `incarnation` (one process); `digest` depends on the
 * content alone, so that replicas can be compared.
 */
export interface Revision {
  readonly incarnation: string
  readonly sequence: number
  readonly digest: string
}

const pattern = /^([0-9a-z]{1,32})-([0-9]{1,15})-([0-9a-f]{32})$/

export function revisionText({ incarnation, sequence, digest }: Revision): string {
  return `${incarnation}-${sequence}-${digest}`
}

/** The revision, or undefined for anything that we did not write. */
export function parseRevision(text: string): Revision | undefined {
  const [, incarnation, sequence, digest] = pattern.exec(text) ?? []
  if (incarnation === undefined || sequence === undefined || digest === undefined) return undefined
  return { incarnation, sequence: Number(sequence), digest }
}

/** True when who holds `held` has everything that `wanted` has: the same content, or a later state of the same process. */
export function reaches(held: Revision, wanted: Revision): boolean {
  if (held.digest === wanted.digest) return true
  return held.incarnation === wanted.incarnation && held.sequence >= wanted.sequence
}
