/** What one place looks like, or why nobody could look: what is unseen is never taken for gone. */
export type Sight<T> = { readonly kind: 'seen'; readonly value: T } | { readonly kind: 'unseen'; readonly why: string }

/** Looks; a look that fails is a value, so that one dependency that is away hides none of the others. */
export async function sight<T>(signal: AbortSignal, look: () => Promise<T>): Promise<Sight<T>> {
  try {
    return { kind: 'seen', value: await look() }
  } catch (error) {
    signal.throwIfAborted()
    return { kind: 'unseen', why: causesOf(error) }
  }
}

function causesOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause === undefined ? error.message : `${error.message}: ${causesOf(error.cause)}`
}
