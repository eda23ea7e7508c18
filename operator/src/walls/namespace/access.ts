import type { Tenant } from '@bulkhead/crds'
import { apiGroup } from '@bulkhead/tenancy'
import { rbacGroup, roleBindingKind, roleKind } from '../../kubernetes/kinds.ts'
import type { WantedObject } from '../../kubernetes/wanted-object.ts'
import type { OwnedMetadata } from './owned-metadata.ts'

type Admin = Tenant['spec']['admins'][number]

/** The ClusterRole that the operator binds to itself in each tenant's namespace, and nowhere else. */
export const operatorTenantRole = 'bulkhead-operator-tenant'

const read = ['get', 'list', 'watch']
const write = [...read, 'create', 'update', 'patch', 'delete']
const ownKinds = ['tools', 'toolsets', 'plans', 'subscriptions', 'accesspolicies']

/**
 * What a tenant's admin may do in the tenant's namespace. Never: status, quotas, network policies, roles, and what runs
 * (workloads and Services are the platform's to hand out). A finalizer is metadata, which RBAC cannot set apart: an
 * admission policy keeps it, and where that is not in force its work is done all the same.
 */
export const adminRules = [
  { apiGroups: [apiGroup], resources: ownKinds, verbs: write },
  { apiGroups: [apiGroup], resources: ownKinds.map((plural) => `${plural}/status`), verbs: ['get'] },
  { apiGroups: [''], resources: ['configmaps', 'secrets'], verbs: write },
  {
    apiGroups: [''],
    resources: ['events', 'pods', 'pods/log', 'services', 'resourcequotas', 'limitranges'],
    verbs: read,
  },
  { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: read },
  { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'], verbs: read },
]

/** The operator's own binding: until it is there, nothing else in the namespace can be read or written. */
export function operatorBinding(metadata: OwnedMetadata, operatorUser: string): WantedObject {
  return {
    kind: roleBindingKind,
    body: {
      metadata: metadata('bulkhead-operator'),
      roleRef: { apiGroup: rbacGroup, kind: 'ClusterRole', name: operatorTenantRole },
      subjects: [{ kind: 'User', apiGroup: rbacGroup, name: operatorUser }],
    },
  }
}

/** The admins' role, and who has it. */
export function adminAccess(metadata: OwnedMetadata, admins: readonly Admin[]): readonly WantedObject[] {
  return [
    { kind: roleKind, body: { metadata: metadata('tenant-admin'), rules: adminRules } },
    {
      kind: roleBindingKind,
      body: {
        metadata: metadata('tenant-admins'),
        roleRef: { apiGroup: rbacGroup, kind: 'Role', name: 'tenant-admin' },
        subjects: admins.map(subject),
      },
      madeFrom: 'spec.admins',
    },
  ]
}

const certificateAccessName = 'bulkhead-edge-certificates'
/** The xds-server's account, as the manifests make it. */
const xdsServer = { kind: 'ServiceAccount', name: 'bulkhead-xds-server', namespace: 'bulkhead-system' }

/**
 * What lets the xds-server read the certificates that a Tenant names for its hosts: these Secrets, one by one and by
 * name, for to list or to watch would be a right to all of the namespace's. Empty when none is named.
 */
export function certificateAccess(
  metadata: OwnedMetadata,
  hostnames: Tenant['spec']['hostnames'],
): readonly WantedObject[] {
  const resourceNames = [...new Set(hostnames.flatMap(({ certificateRef }) => certificateRef?.name ?? []))].toSorted()
  // A rule without a name would be one for every Secret.
  if (resourceNames.length === 0) return []
  return [
    {
      kind: roleKind,
      body: {
        metadata: metadata(certificateAccessName),
        rules: [{ apiGroups: [''], resources: ['secrets'], resourceNames, verbs: ['get'] }],
      },
      madeFrom: 'spec.hostnames',
    },
    {
      kind: roleBindingKind,
      body: {
        metadata: metadata(certificateAccessName),
        roleRef: { apiGroup: rbacGroup, kind: 'Role', name: certificateAccessName },
        subjects: [xdsServer],
      },
    },
  ]
}

/** The role to take away once a Tenant names no certificate any more; without it the binding gives nothing. */
export function formerCertificateAccess(
  metadata: OwnedMetadata,
  hostnames: Tenant['spec']['hostnames'],
): readonly WantedObject[] {
  // Most Tenants ask for no host: for them it is not even looked for.
  if (hostnames.length === 0 || certificateAccess(metadata, hostnames).length > 0) return []
  return [{ kind: roleKind, body: { metadata: metadata(certificateAccessName) } }]
}

function subject({ kind, name, namespace }: Admin) {
  return kind === 'ServiceAccount' ? { kind, name, namespace } : { kind, apiGroup: rbacGroup, name }
}

// Each of these is everybody, whatever tenant they are of.
const everybody = ['system:authenticated', 'system:unauthenticated', 'system:serviceaccounts', 'system:anonymous']

/** Whether binding this subject would let other tenants' people in. */
export function isEverybody({ name }: Admin): boolean {
  return everybody.includes(name)
}
