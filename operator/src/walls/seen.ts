/** What one wall looks like, or why nobody could look. */
export type Seen<T> =
  { readonly kind: 'seen'; readonly value: T } | { readonly kind: 'unavailable'; readonly error: unknown }

/** Looks; a look that fails is a value, so that one wall that cannot be seen hides none of the others. */
export async function attempt<T>(look: () => Promise<T>): Promise<Seen<T>> {
  try {
    return { kind: 'seen', value: await look() }
  } catch (error) {
    return { kind: 'unavailable', error }
  }
}
