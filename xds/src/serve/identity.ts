// Who is at the other end, by its certificate alone.

/** What an identity may see, and as what. */
export interface Identity {
  readonly fleet: string
  /**
   * An Envoy of the fleet speaks delta only, and what it answers counts; so does a canary, an Envoy that serves nobody
   * and gets changes first. Any other client may ask as it likes.
   */
  readonly role: 'envoy' | 'canary' | 'client'
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

/** Who may see a fleet, by SPIFFE IDs of a trust domain: its Envoys, and other clients that the platform has given a certificate for it. */
export function memberOfFleet(trustDomain: string, fleet: string): IdentityOf {
  const members = new Map<string, Identity>(
    (['envoy', 'canary', 'client'] as const).map((role) => [
      `spiffe://${trustDomain}/fleet/${fleet}/${role}`,
      { fleet, role },
    ]),
  )
  return (uri) => members.get(uri)
}
