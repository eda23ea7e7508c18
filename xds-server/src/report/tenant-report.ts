import type { Tenant } from '@bulkhead/crds'
import { findCondition, ownConditionTypes } from '@bulkhead/crds'
import type { Built } from '../model/model.ts'
import { countsDueInMs, shownCounts } from './counts.ts'
import type { Counts } from './counts.ts'
import { isDifferent } from './difference.ts'
import { countsHeldInMs } from './pace.ts'
import type { Publication, WantedCondition } from './status.ts'
import { tenantCondition } from './status.ts'

/** What is known of a Tenant when it is reported on. */
export interface TenantView {
  readonly tenant: Tenant
  readonly built: Built
  readonly publication: Publication
  /** The counts that were written last; undefined when that was not by this process. */
  readonly counts: Counts | undefined
  readonly nowMs: number
}

/** What is to be written into a Tenant's status now, if anything, and when to look again. */
export interface TenantReport {
  readonly write?: { readonly condition: WantedCondition; readonly counts: Counts }
  readonly againInMs: number | undefined
}

/** Decides on the report of a Tenant: its condition when it turned, the counts seldom, both in one write. */
export function reportOfTenant(view: TenantView): TenantReport {
  const { tenant, publication } = view
  const condition = conditionOf(view)
  const conditions = tenant.status?.conditions ?? []
  const shown = shownOf(view)
  const heldMs = countsHeldInMs(publication, shown)
  // Before the operator has judged this generation there is nothing to say of it: its word brings us back here.
  if (isUnjudged(condition) && findCondition(conditions, 'Programmed') !== undefined) return { againInMs: heldMs }
  const fresh = countsOf(view)
  const dueInMs = heldMs ?? countsDueInMs(shown, fresh)
  const isNews = isDifferent([condition], conditions, ownConditionTypes('xds-server', 'Tenant'))
  if (!isNews && dueInMs !== 0) return { againInMs: dueInMs }
  return { write: { condition, counts: heldMs === undefined ? fresh : (shown ?? fresh) }, againInMs: heldMs }
}

function conditionOf({ tenant, built, publication }: TenantView): WantedCondition {
  const finding = built.findings.find(({ ref: { kind } }) => kind === 'Tenant')
  return tenantCondition(tenant, { model: built.model, finding }, publication)
}

function shownOf({ tenant, counts }: TenantView): Counts | undefined {
  return counts ?? shownCounts(tenant.status?.dataPlane)
}

function countsOf({ publication: { envoys }, nowMs }: TenantView): Counts {
  return { programmed: envoys.acked, total: envoys.connected, atMs: nowMs }
}

function isUnjudged({ status, reason }: WantedCondition): boolean {
  return status === 'Unknown' && reason === 'Waiting'
}
