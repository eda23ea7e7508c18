// What other rooms know of a realm.
import type { RealmRepresentation } from '@bulkhead/identity'

/** The realm attribute by which the owner is compared before each write. */
export const ownerAttribute = 'bulkhead.dev/tenant-uid'
/** The scope that puts the tenant's audience into the tokens of every client made after it. */
export const audienceScope = 'bulkhead-audience'
/** The first user of each realm, who makes the others. */
export const tenantAdmin = 'tenant-admin'

/** Whose the realm is: an attribute that only its administration can write. */
export function isRealmOf(realm: RealmRepresentation, ownerUid: string): boolean {
  return Object.hasOwn(realm.attributes, ownerAttribute) && realm.attributes[ownerAttribute] === ownerUid
}
