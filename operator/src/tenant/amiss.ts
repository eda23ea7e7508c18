import type { TenantFacts } from '../facts.ts'

/** Conditions of a Tenant that are amiss while they are not True; the last one while it is. */
export const amissConditions = [
  ...(['Granted', 'NamespaceReady', 'IdentityReady', 'DatabaseReady', 'Programmed'] as const),
  'JwksStale',
] as const
type AmissCondition = (typeof amissConditions)[number]

/** Says since when the Tenant that waits longest has a condition amiss, in Unix seconds; undefined: none has. */
export type TellAmiss = (condition: AmissCondition, sinceSeconds: number | undefined) => void

/** Keeps account of what is amiss with Tenants, for alerts: those need to know for how long, and no tenant's name. */
export interface Amiss {
  changed(tenant: TenantFacts): void
  forget(uid: string): void
  /** Nothing is known any more: somebody else leads. */
  clear(): void
}

type Since = ReadonlyMap<AmissCondition, number>

export function createAmiss(tell: TellAmiss): Amiss {
  const tenants = new Map<string, Since>()
  const measure = (): void => {
    for (const condition of amissConditions) {
      const times = [...tenants.values()].flatMap((since) => since.get(condition) ?? [])
      tell(condition, times.length === 0 ? undefined : Math.min(...times))
    }
  }
  return {
    changed: (tenant) => {
      const { uid } = tenant.metadata
      const since = amissSince(tenant)
      if (since.size === 0 && !tenants.has(uid)) return
      if (since.size === 0) tenants.delete(uid)
      else tenants.set(uid, since)
      measure()
    },
    forget: (uid) => {
      if (tenants.delete(uid)) measure()
    },
    clear: () => {
      tenants.clear()
      measure()
    },
  }
}

/** What is amiss with one Tenant, and since when. A suspended one rests, and one that is being deleted is told otherwise. */
export function amissSince({ metadata, spec, status }: TenantFacts): Since {
  if (spec.suspended || metadata.deletionTimestamp !== undefined) return new Map()
  return new Map(
    amissConditions.flatMap((type): readonly (readonly [AmissCondition, number])[] => {
      const found = status?.conditions?.find((one) => one.type === type)
      const isAmiss = type === 'JwksStale' ? found?.status === 'True' : found?.status !== 'True'
      return isAmiss ? [[type, secondsOf(found?.lastTransitionTime ?? metadata.creationTimestamp)]] : []
    }),
  )
}

function secondsOf(timestamp: string): number {
  return Math.floor(Date.parse(timestamp) / 1000)
}
