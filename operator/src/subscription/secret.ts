import { ownerLabels, subscriptionUidLabel } from '@bulkhead/tenancy'
import type { KubeBody, KubeObject, Secret } from '@bulkhead/runtime'
import { secretBody } from '../kubernetes/secrets.ts'
import { isSame } from '../kubernetes/sameness.ts'
import { mendOf } from '../kubernetes/wanted-object.ts'
import type { SeenSecret } from './observed.ts'
import type { Wanted } from './wanted.ts'

/** The Secret that a subscription's application reads. */
export function credentialsSecret(wanted: Wanted, clientSecret: Secret<string>): KubeBody {
  return secretBody(secretMetadata(wanted), {
    'client-id': wanted.clientId,
    'client-secret': clientSecret,
    'token-url': wanted.tokenUrl,
    'base-url': wanted.baseUrl ?? '',
  })
}

/** Whose a Secret for a subscription's application is. */
export function secretMetadata({
  subscription,
  owner,
  secretName,
}: Pick<Wanted, 'subscription' | 'owner' | 'secretName'>) {
  const { uid, name, namespace } = subscription
  return {
    ...{ name: secretName, namespace, labels: { ...ownerLabels(owner), [subscriptionUidLabel]: uid } },
    ownerReferences: [{ apiVersion: 'bulkhead.dev/v1alpha1', kind: 'Subscription', name, uid, controller: true }],
  }
}

/** Judges a Secret by its owner reference: the tenant can write labels, and whoever wrote the name was there first. */
export function seeSecret(found: KubeObject | undefined, wanted: Wanted, clientSecret: Secret<string>): SeenSecret {
  return compareSecret(found, wanted.subscription.uid, () => credentialsSecret(wanted, clientSecret))
}

/** The same for whatever a Secret of that subscription is to hold. */
export function compareSecret(found: KubeObject | undefined, uid: string, makeBody: () => KubeBody): SeenSecret {
  if (found === undefined) return { kind: 'absent' }
  const isOwn = found.metadata.ownerReferences?.some((owner) => owner.uid === uid) === true
  if (!isOwn) return { kind: 'foreign' }
  const body = makeBody()
  const isAsWanted = isSame(found['data'], body['data']) && hasLabels(found, body.metadata.labels ?? {})
  return isAsWanted ? { kind: 'as-wanted' } : { kind: 'drifted', mend: mendOf({ data: body['data'] }, found) }
}

function hasLabels(found: KubeObject, labels: Readonly<Record<string, string>>): boolean {
  return Object.entries(labels).every(([key, value]) => found.metadata.labels?.[key] === value)
}
