import type { Host } from '@bulkhead/tenancy'

/** One Keycloak and the host at which its realms are served to everybody. */
export interface IdentityShard {
  readonly name: string
  /** What issuers are made of. */
  readonly publicUrl: string
  /** The host in `publicUrl`. */
  readonly host: Host
  /** A name of the platform's own, which Envoy resolves by itself. */
  readonly backend: { readonly host: string; readonly port: number }
  readonly tls: { readonly serverName: string; readonly rootsFile: string } | undefined
  readonly maxConnections: number
}

/** The identity provider as a part of the platform. */
export interface IdentitySettings {
  readonly shards: readonly IdentityShard[]
  /** What one tenant's realm may be asked, in the whole fleet. */
  readonly realmRequestsPerSecond: number
  /** What all realms together may be asked that are no tenant's, or not known yet. */
  readonly otherRequestsPerSecond: number
  /** What the pictures and styles of login pages may be asked, which are no realm's. */
  readonly themeRequestsPerSecond: number
}

/** What the platform decides for all tenants of one fleet. */
export interface FleetSettings {
  readonly listener: { readonly address: string; readonly port: number }
  /** How many proxies of the platform stand before Envoy and may be believed about the client's address. */
  readonly trustedHops: number
  /** What the whole fleet was measured to carry. */
  readonly capacityRequestsPerSecond: number
  /** What one client address may send to one host before anybody knows who it is. */
  readonly sourceRequestsPerSecond: number
  /** How long Envoy waits for policy; then the request is refused. */
  readonly policyTimeoutMs: number
  /** How long Envoy waits for the limits' service; then the local limits decide. */
  readonly rateLimitTimeoutMs: number
  /** A PEM file on the Envoy's machine with the authorities that may vouch for a backend. */
  readonly backendRootsFile: string
  readonly identity: IdentitySettings
}
