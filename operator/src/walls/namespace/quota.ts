import type { Tenant } from '@bulkhead/crds'
import { apiGroup } from '@bulkhead/tenancy'
import { limitRangeKind, resourceQuotaKind } from '../../kubernetes/kinds.ts'
import type { WantedObject } from '../../kubernetes/wanted-object.ts'
import type { OwnedMetadata } from './owned-metadata.ts'

// Objects that each cost the cluster something, whatever the tenant's own limits say.
const fixed = { 'count/configmaps': '500', 'services.nodeports': '0', 'services.loadbalancers': '0' }
const spareSecrets = 500

/** How many objects the tenant may have, and how much its Pods may use. */
export function quotaObjects(metadata: OwnedMetadata, quota: Tenant['spec']['quota']): readonly WantedObject[] {
  const hard = {
    ...fixed,
    // One Secret for each subscription, and some to spare.
    'count/secrets': String(quota.subscriptions + spareSecrets),
    ...quota.resources,
    [`count/tools.${apiGroup}`]: String(quota.tools),
    [`count/toolsets.${apiGroup}`]: String(quota.toolSets),
    [`count/plans.${apiGroup}`]: String(quota.plans),
    [`count/subscriptions.${apiGroup}`]: String(quota.subscriptions),
    [`count/accesspolicies.${apiGroup}`]: String(quota.accessPolicies),
  }
  const limits = [
    {
      type: 'Container',
      default: { cpu: '1', memory: '512Mi' },
      defaultRequest: { cpu: '100m', memory: '128Mi' },
    },
  ]
  return [
    {
      kind: resourceQuotaKind,
      body: { metadata: metadata('bulkhead-quota'), spec: { hard } },
      madeFrom: 'spec.quota.resources',
    },
    // Without defaults a quota on cpu or memory would refuse every Pod that does not name them.
    { kind: limitRangeKind, body: { metadata: metadata('bulkhead-defaults'), spec: { limits } } },
  ]
}
