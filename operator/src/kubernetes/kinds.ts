// kubernetes: how the operator reads, compares and writes objects of other people's kinds.
import { kinds } from '@bulkhead/crds'
import type { KubeKind } from '@bulkhead/runtime'

const core = (kind: string, plural: string, namespaced: boolean): KubeKind => ({
  group: '',
  version: 'v1',
  plural,
  kind,
  namespaced,
})
const rbacGroup = 'rbac.authorization.k8s.io'

export const namespaceKind = core('Namespace', 'namespaces', false)
export const secretKind = core('Secret', 'secrets', true)
export const resourceQuotaKind = core('ResourceQuota', 'resourcequotas', true)
export const limitRangeKind = core('LimitRange', 'limitranges', true)
export const eventKind = core('Event', 'events', true)
export const roleKind: KubeKind = { ...core('Role', 'roles', true), group: rbacGroup }
export const roleBindingKind: KubeKind = { ...core('RoleBinding', 'rolebindings', true), group: rbacGroup }
export const networkPolicyKind: KubeKind = {
  ...core('NetworkPolicy', 'networkpolicies', true),
  group: 'networking.k8s.io',
}
export const selfSubjectReviewKind: KubeKind = {
  ...core('SelfSubjectReview', 'selfsubjectreviews', false),
  group: 'authentication.k8s.io',
}
export const tenantKind: KubeKind = kinds.tenant
export const subscriptionKind: KubeKind = kinds.subscription
export { rbacGroup }
