import { isConflict } from '@bulkhead/runtime'
import type { KubeObject } from '@bulkhead/runtime'
import { apiGroup } from '@bulkhead/tenancy'
import { secretKind } from '../../kubernetes/kinds.ts'
import { secretBody } from '../../kubernetes/secrets.ts'
import { seeObject } from '../../kubernetes/wanted-object.ts'
import { fieldManager } from '../../parts.ts'
import type { Parts } from '../../parts.ts'
import type { Owner } from '../owner.ts'
import { findSystemSecret, unless } from '../system-secrets.ts'

/** On the Secret of a role: when its password was made. Without it, the Secret's own age counts. */
export const passwordSetAnnotation = `${apiGroup}/password-set-at`

/** The stored password: it opens the role, it is due to be replaced, or the role has another one. */
export type SeenPassword = 'good' | 'due' | 'refused'

/** Whether a password is older than it may get; one whose age nobody knows is. */
export function isPasswordDue({ metadata }: KubeObject, nowMs: number, maxAgeMs: number | undefined): boolean {
  if (maxAgeMs === undefined) return false
  const madeAt = Date.parse(metadata.annotations?.[passwordSetAnnotation] ?? metadata.creationTimestamp ?? '')
  return !(nowMs - madeAt < maxAgeMs)
}

/**
 * Stores a new password in place of the old one. From here on the Secret is ahead of the role: whoever looks next finds
 * that the role refuses what is stored, and sets it. Another leader that was faster has done the same.
 */
export async function renewStoredPassword(
  parts: Parts,
  owner: Owner,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  const { kubernetes, clock, settings } = parts
  const seen = seeObject(await findSystemSecret(parts, name, signal), owner.uid)
  if (seen.kind !== 'own' || !isPasswordDue(seen.object, clock.now(), settings.passwordMaxAgeMs)) return
  const { uid, resourceVersion } = seen.object.metadata
  const ref = { kind: secretKind, namespace: settings.systemNamespace, name }
  const annotations = { [passwordSetAnnotation]: new Date(clock.now()).toISOString() }
  const { data } = secretBody({ name }, { password: parts.newSecret() })
  const body = { metadata: { uid, resourceVersion, annotations }, data }
  await unless(isConflict, kubernetes.patch(ref, { type: 'merge', body }, { fieldManager, signal }))
}
