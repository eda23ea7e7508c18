// namespace: wall 1. Which objects a tenant's namespace holds, as values: nothing here talks to anybody.
import type { Tenant } from '@bulkhead/crds'
import { namespaceOf, ownerLabels } from '@bulkhead/tenancy'
import type { TenantKey } from '@bulkhead/tenancy'
import { namespaceKind, secretKind } from '../../kubernetes/kinds.ts'
import type { WantedObject } from '../../kubernetes/wanted-object.ts'
import { adminAccess, certificateAccess, formerCertificateAccess, operatorBinding } from './access.ts'
import { networkPolicies } from './network-policy.ts'
import type { NetworkSettings } from './network-policy.ts'
import { ownedMetadata } from './owned-metadata.ts'
import { quotaObjects } from './quota.ts'

export interface NamespaceSettings extends NetworkSettings {
  /** Who we are to the API server. */
  readonly operatorUser: string
}

export interface WantedNamespace {
  readonly namespace: WantedObject
  /** Comes right after the namespace: it lets us at everything else in it. */
  readonly binding: WantedObject
  readonly objects: readonly WantedObject[]
  /** What goes when it is there and ours. */
  readonly unwanted: readonly WantedObject[]
  /** What the first admin comes in with; what is in it is read only when it is made. */
  readonly invitation: WantedObject
}

/** The Secret in the tenant's namespace with which its first admin comes in. */
export const invitationName = 'tenant-admin-invitation'

export function namespaceObjects(
  owner: TenantKey & { readonly uid: string },
  spec: Tenant['spec'],
  settings: NamespaceSettings,
): WantedNamespace {
  const metadata = ownedMetadata(owner)
  const labels = {
    ...ownerLabels(owner),
    'pod-security.kubernetes.io/enforce': 'restricted',
    'pod-security.kubernetes.io/warn': 'restricted',
    'pod-security.kubernetes.io/audit': 'restricted',
  }
  return {
    namespace: { kind: namespaceKind, body: { metadata: { name: namespaceOf(owner.name), labels } } },
    binding: operatorBinding(metadata, settings.operatorUser),
    objects: [
      ...networkPolicies(metadata, spec.network.egress, settings),
      ...quotaObjects(metadata, spec.quota),
      ...certificateAccess(metadata, spec.hostnames),
      ...adminAccess(metadata, spec.admins),
    ],
    unwanted: formerCertificateAccess(metadata, spec.hostnames),
    invitation: { kind: secretKind, body: { metadata: metadata(invitationName) } },
  }
}
