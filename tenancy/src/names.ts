// tenancy: every name that derives from a tenant, made in this room and nowhere else, and the way back.
import { createHash } from 'node:crypto'

/** A tenant's own name (`metadata.name` of its Tenant): a DNS label. */
export type TenantName = string & { readonly __brand: 'TenantName' }
/** One incarnation of a tenant: opaque, derived from the Tenant's uid, so a tenant made again inherits nothing. */
export type TenantId = string & { readonly __brand: 'TenantId' }

/** What names are derived from. */
export interface TenantKey {
  readonly name: TenantName
  readonly id: TenantId
}

// A namespace is `tenant-<name>` and at most 63 characters; a realm is `<name>-<id>`.
const maxNameLength = 40
const namePattern = /^[a-z]([-a-z0-9]*[a-z0-9])?$/
const idPattern = /^[a-z2-7]{13}$/
const base32Alphabet = 'abcdefghijklmnopqrstuvwxyz234567'

/** The name, or undefined when it is not a DNS label that starts with a letter and has at most 40 characters. */
export function parseTenantName(text: string): TenantName | undefined {
  return text.length <= maxNameLength && namePattern.test(text) ? (text as TenantName) : undefined
}

/** The id, or undefined when it is not 13 characters of lower-case base32. */
export function parseTenantId(text: string): TenantId | undefined {
  return idPattern.test(text) ? (text as TenantId) : undefined
}

/** The id of one incarnation: 13 characters (65 bits) of base32(sha256(uid)), lower case. */
export function tenantId(uid: string): TenantId {
  const digest = createHash('sha256').update(uid).digest()
  let id = ''
  for (let index = 0; index < 13; index += 1) {
    const bit = index * 5
    const window = ((digest[bit >> 3] ?? 0) << 8) | (digest[(bit >> 3) + 1] ?? 0)
    id += base32Alphabet.charAt((window >> (11 - (bit & 7))) & 31)
  }
  return id as TenantId
}

/** The tenant's namespace. */
export function namespaceOf(name: TenantName): string {
  return `tenant-${name}`
}

/** The way back from a namespace, by name alone: whoever asks must still compare the Tenant's status. */
export function tenantOfNamespace(namespace: string): TenantName | undefined {
  return namespace.startsWith('tenant-') ? parseTenantName(namespace.slice('tenant-'.length)) : undefined
}

/** The tenant's Keycloak realm. */
export function realmOf({ name, id }: TenantKey): string {
  return `${name}-${id}`
}

/** The `iss` of the realm's tokens; `publicUrl` is Keycloak's fixed public address. */
export function issuerOf(publicUrl: string, tenant: TenantKey): string {
  return `${withoutTrailingSlash(publicUrl)}/realms/${realmOf(tenant)}`
}

/** The tenant that an issuer names, or undefined when the text is not exactly one that `issuerOf` derives. */
export function tenantOfIssuer(publicUrl: string, issuer: string): TenantKey | undefined {
  const prefix = `${withoutTrailingSlash(publicUrl)}/realms/`
  if (!issuer.startsWith(prefix)) return undefined
  const realm = issuer.slice(prefix.length)
  const name = parseTenantName(realm.slice(0, -14))
  const id = parseTenantId(realm.slice(-13))
  return name !== undefined && id !== undefined && realm.at(-14) === '-' ? { name, id } : undefined
}

/** The audience that a token for the tenant's APIs must name. */
export function audienceOf(id: TenantId): string {
  return `urn:bulkhead:tenant:${id}`
}

/** The tenant's Postgres schema. Opaque, because catalogs are readable by every role. */
export function schemaOf(id: TenantId): string {
  return `tenant_${id}`
}

/** The tenant's Postgres role. */
export function roleOf(id: TenantId): string {
  return schemaOf(id)
}

/** The OAuth2 client of a subscription, in its tenant's realm; the `azp` of its tokens. */
export function subscriptionClientId(subscriptionUid: string): string {
  return `sub-${subscriptionUid}`
}

/** The label that every metric, log line and trace of a tenant carries as `tenant_id`. */
export function tenantLabel(name: TenantName): string {
  return name
}

function withoutTrailingSlash(url: string): string {
  return url.endsWith('/') ? url.slice(0, -1) : url
}
