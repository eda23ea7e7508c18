// Who is at the other end, by its certificate alone.

/** What an identity may see. */
export interface Identity {
  readonly fleet: string
}

/** Maps the URI of a client certificate to what it may see; undefined means nothing. */
export type IdentityOf = (uri: string) => Identity | undefined

const SPIFFE = /^spiffe:\/\/[a-z0-9._-]{1,255}(?:\/[A-Za-z0-9._-]+){1,16}$/

/**
 * The SPIFFE ID in a certificate's subject alternative names as Node prints them. A certificate has exactly one;
 * quoted names hold characters that no SPIFFE ID has, and are refused as a whole.
 */
export function spiffeIdOf(subjectAltNames: string | undefined): string | undefined {
  if (subjectAltNames === undefined || subjectAltNames.includes('"')) return undefined
  const uris = subjectAltNames.split(', ').filter((name) => name.startsWith('URI:'))
  const uri = uris.length === 1 ? uris[0]?.slice('URI:'.length) : undefined
  return uri !== undefined && SPIFFE.test(uri) ? uri : undefined
}
