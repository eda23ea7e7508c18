import type { DatabaseAddress, PlacedWall, Shard } from '@bulkhead/database'
import type { KeysLife } from '@bulkhead/identity'
import type { RealmTemplate } from './walls/identity/realm/template.ts'
import type { NamespaceSettings } from './walls/namespace/objects.ts'

/** What the platform says about every tenant. */
export interface Settings extends NamespaceSettings {
  readonly baseDomain: string
  readonly systemNamespace: string
  /** Keycloak's fixed public address: issuers are made of it. */
  readonly publicUrl: string
  /** Where a tenant's first admin manages users: the fleet serves no admin paths. Undefined: the realm's account pages. */
  readonly adminUrl: string | undefined
  /** Hosts of the platform itself, which no tenant is granted. */
  readonly reservedHosts: ReadonlySet<string>
  readonly realms: RealmSettings
  /** The Keycloaks; the first is for tenants from before there were several. */
  readonly identityShards: readonly IdentityShard[]
  readonly capacityRequestsPerSecond: number
  readonly quarantineMs: number
  readonly defaultGuaranteed: number
  /** A role's password that is older is replaced; undefined: none is. */
  readonly passwordMaxAgeMs: number | undefined
  /** The Postgres; the first holds the registry, and the schemas from before there were several. */
  readonly databaseShards: readonly DatabaseShard[]
}

export interface DatabaseShard extends DatabaseAddress {
  readonly name: string
  readonly maxSchemas: number
}

export interface IdentityShard {
  readonly name: string
  /** Its fixed public address: the issuers of its realms are made of it. */
  readonly publicUrl: string
  /** Where the first admins of its realms manage users. Undefined: the realm's account pages. */
  readonly adminUrl?: string | undefined
  readonly maxRealms: number
}

/** What the platform says about every realm. */
export interface RealmSettings {
  readonly template: RealmTemplate
  /** A key that signed for so long is replaced. */
  readonly keyRotationSeconds: number
  /** How long a new key is published before it signs. */
  readonly keyOverlapSeconds: number
  readonly keysLife: KeysLife
}

/** What each shard takes. */
export function shardsOf({
  identityShards,
  databaseShards,
}: Pick<Settings, 'identityShards' | 'databaseShards'>): Readonly<Record<PlacedWall, readonly Shard[]>> {
  return {
    identity: identityShards.map(({ name, maxRealms: capacity }) => ({ name, capacity })),
    database: databaseShards.map(({ name, maxSchemas: capacity }) => ({ name, capacity })),
  }
}

/** The hosts in the platform's own addresses, together with others that are reserved. */
export function reservedHosts(urls: readonly (string | undefined)[], hosts: readonly string[]): ReadonlySet<string> {
  return new Set([...urls.flatMap((url) => (url === undefined ? [] : [new URL(url).hostname])), ...hosts])
}
