import type { NamespaceSettings } from './walls/namespace/objects.ts'

/** What the platform says about every tenant. */
export interface Settings extends NamespaceSettings {
  readonly baseDomain: string
  readonly systemNamespace: string
  /** Keycloak's fixed public address: issuers are made of it. */
  readonly publicUrl: string
  readonly capacityRequestsPerSecond: number
  readonly quarantineMs: number
  readonly defaultGuaranteed: number
  readonly databaseAddress: { readonly host: string; readonly port: number; readonly database: string }
}
