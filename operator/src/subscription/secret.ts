import { ownerLabels, subscriptionUidLabel } from '@bulkhead/tenancy'
import type { KubeBody, KubeObject, Secret } from '@bulkhead/runtime'
import { secretBody } from '../kubernetes/secrets.ts'
import { isSame } from '../kubernetes/sameness.ts'
import { mendOf } from '../kubernetes/wanted-object.ts'
import type { SeenSecret } from './observed.ts'
import type { Wanted } from './wanted.ts'

/** The Secret that a subscription's application reads. */
export function credentialsSecret(wanted: Wanted, clientSecret: Secret<string>): KubeBody {
  const { subscription, owner } = wanted
  const { uid, name, namespace } = subscription
  const metadata = {
    name: wanted.secretName,
    namespace,
    labels: { ...ownerLabels(owner), [subscriptionUidLabel]: uid },
    ownerReferences: [{ apiVersion: 'bulkhead.dev/v1alpha1', kind: 'Subscription', name, uid, controller: true }],
  }
  return secretBody(metadata, {
    'client-id': wanted.clientId,
    'client-secret': clientSecret,
    'token-url': wanted.tokenUrl,
    'base-url': wanted.baseUrl ?? '',
  })
}

/** Judges a Secret by its owner reference: the tenant can write labels, and whoever wrote the name was there first. */
export function seeSecret(found: KubeObject | undefined, wanted: Wanted, clientSecret: Secret<string>): SeenSecret {
  if (found === undefined) return { kind: 'absent' }
  const isOwn = found.metadata.ownerReferences?.some((owner) => owner.uid === wanted.subscription.uid) === true
  if (!isOwn) return { kind: 'foreign' }
  const body = credentialsSecret(wanted, clientSecret)
  const isAsWanted = isSame(found['data'], body['data']) && hasLabels(found, body.metadata.labels ?? {})
  return isAsWanted ? { kind: 'as-wanted' } : { kind: 'drifted', mend: mendOf({ data: body['data'] }, found) }
}

function hasLabels(found: KubeObject, labels: Readonly<Record<string, string>>): boolean {
  return Object.entries(labels).every(([key, value]) => found.metadata.labels?.[key] === value)
}
