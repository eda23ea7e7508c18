// Of Tenants that want what others hold: who waits, and what gives them reason to ask again.
import type { Reason } from '@bulkhead/crds'
import type { Change } from '@bulkhead/runtime'
import type { TenantFacts } from '../facts.ts'

const scarce: readonly string[] = [
  'HostnameNotGranted',
  'CapacityExceeded',
  'IssuerNotGranted',
  'ShardFull',
] satisfies readonly Reason[]

/** Whether a Tenant lacks something that another one may give up. */
export function isWaitingForOthers({ metadata, status }: TenantFacts): boolean {
  if (metadata.deletionTimestamp !== undefined) return false
  const unmet = (status?.conditions ?? []).filter((condition) => condition.status === 'False')
  return unmet.some(
    ({ type, reason = '' }) => (type === 'Granted' && reason !== 'Progressing') || scarce.includes(reason),
  )
}

/** Whether a change of a Tenant may have set free a host, a share, an issuer or a place. */
export function setsFree(change: Change<TenantFacts>): boolean {
  if (change.type === 'deleted') return true
  if (change.type === 'added') return false
  const [before, after] = [holdingsOf(change.old), holdingsOf(change.object)]
  const isHostFree = before.hosts.some((host) => !after.hosts.includes(host))
  const isIssuerFree = before.issuer !== undefined && before.issuer !== after.issuer
  return isHostFree || isIssuerFree || after.guaranteed < before.guaranteed
}

function holdingsOf({ status = {} }: TenantFacts) {
  const { hostnames = [], guaranteed = 0 } = status.granted ?? {}
  return { hosts: hostnames, guaranteed, issuer: status.identity?.issuer }
}
