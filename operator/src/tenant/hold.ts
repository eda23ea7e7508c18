import { findCondition } from '@bulkhead/crds'
import { timestamp } from '@bulkhead/runtime'
import type { TenantFacts } from '../facts.ts'
import type { Outcome } from '../outcome.ts'
import type { Parts } from '../parts.ts'
import { report } from './report.ts'
import { allowDeletionAnnotation, heldStatus } from './status.ts'

/** Whether a deletion needs no permission: somebody gave it, or the clean-up has begun. */
export function isAllowed({ metadata, status }: TenantFacts): boolean {
  if (metadata.annotations?.[allowDeletionAnnotation] === 'true') return true
  return findCondition(status?.conditions, 'Granted')?.reason === 'Deleting'
}

/** Leaves a deleted Tenant as it is, served and whole, and says what it waits for. */
export async function holdDeletion(
  parts: Parts,
  tenant: TenantFacts,
  together: number,
  signal: AbortSignal,
): Promise<{ readonly outcome: Outcome; readonly look?: undefined }> {
  await report(parts, tenant, heldStatus(tenant, together, timestamp(parts.clock.now())), signal)
  const message = `${together} Tenants were deleted at once`
  const problem = { reason: 'DeletionHeld', field: 'metadata.deletionTimestamp', message } as const
  return { outcome: { kind: 'stalled', problems: [problem] } }
}
