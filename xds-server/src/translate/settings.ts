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
}
