import type { Tenant } from '@bulkhead/crds'
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
  const now = new Date(clock.now()).toISOString()
  const subject = { ref: { kind: tenantKind, name }, uid, tenant: name, now }
  await announce(kubernetes, logger, subject, transitions(tenant.status?.conditions, status.conditions ?? []))
  return true
}

/** The time as conditions carry it: whole seconds. */
export function timestamp(nowMs: number): string {
  return new Date(nowMs).toISOString().replace(/\.\d{3}Z$/, 'Z')
}
