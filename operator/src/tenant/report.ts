import type { Condition, Tenant } from '@bulkhead/crds'
import { announce, transitions } from '../kubernetes/events.ts'
import { tenantKind } from '../kubernetes/kinds.ts'
import type { TenantFacts } from '../facts.ts'
import { saysAlready } from './own-status.ts'
import { fieldManager } from '../parts.ts'
import type { Parts } from '../parts.ts'
import { ownConditions } from './status.ts'

/** Writes the status when it says something new, and tells of it; gives whether it did. */
export async function report(
  { kubernetes, logger, clock }: Pick<Parts, 'kubernetes' | 'logger' | 'clock'>,
  tenant: Pick<TenantFacts, 'metadata' | 'status'>,
  status: NonNullable<Tenant['status']>,
  signal: AbortSignal,
): Promise<boolean> {
  if (saysAlready(tenant.status, status, ownConditions)) return false
  const { name, uid } = tenant.metadata
  // The uid makes the write fail on another incarnation of the same name.
  await kubernetes.applyStatus(tenantKind, { metadata: { name, uid }, status }, { fieldManager, force: true, signal })
  await tell({ kubernetes, logger, clock }, tenant, transitions(tenant.status?.conditions, status.conditions ?? []))
  return true
}

/** Tells of conditions in the log and in Events, whether or not they ever stand in the status. */
export async function tell(
  { kubernetes, logger, clock }: Pick<Parts, 'kubernetes' | 'logger' | 'clock'>,
  { metadata: { name, uid } }: Pick<TenantFacts, 'metadata'>,
  conditions: readonly Condition[],
): Promise<void> {
  const subject = { ref: { kind: tenantKind, name }, uid, tenant: name, now: new Date(clock.now()).toISOString() }
  await announce(kubernetes, logger, subject, conditions)
}
