import { tenantOfNamespace } from '@bulkhead/tenancy'
import type { SubscriptionFacts } from '../facts.ts'
import { announce, transitions } from '../kubernetes/events.ts'
import { subscriptionKind } from '../kubernetes/kinds.ts'
import { fieldManager } from '../parts.ts'
import type { Parts } from '../parts.ts'
import { saysAlready } from '../tenant/own-status.ts'
import { ownConditions } from './status.ts'

/** Writes the status when it says something new, and tells of it. */
export async function report(
  { kubernetes, logger, clock }: Parts,
  { metadata, status: before }: SubscriptionFacts,
  status: NonNullable<SubscriptionFacts['status']>,
  signal: AbortSignal,
): Promise<void> {
  if (saysAlready(before, status, ownConditions)) return
  const { name, namespace = '', uid } = metadata
  const body = { metadata: { name, namespace, uid }, status }
  await kubernetes.applyStatus(subscriptionKind, body, { fieldManager, force: true, signal })
  const now = new Date(clock.now()).toISOString()
  const subject = {
    ref: { kind: subscriptionKind, name, namespace },
    uid,
    tenant: tenantOfNamespace(namespace) ?? '-',
    now,
  }
  await announce(kubernetes, logger, subject, transitions(before?.conditions, status.conditions ?? []))
}
