import { namespaceOf, ownerLabels } from '@bulkhead/tenancy'
import type { TenantKey } from '@bulkhead/tenancy'
import type { KubeMetadata } from '@bulkhead/runtime'

/** Makes the metadata of an object in the tenant's namespace, with the labels that say whose it is. */
export type OwnedMetadata = (name: string) => KubeMetadata

export function ownedMetadata(owner: TenantKey & { readonly uid: string }): OwnedMetadata {
  const namespace = namespaceOf(owner.name)
  return (name) => ({ name, namespace, labels: ownerLabels(owner) })
}
